package sandbox

// A Trap is the hand-made example of a record that a careless reader gets
// wrong. It exists if there are enough records and Options.Plain is off.
type Trap struct {
	Name string
	ID   int
}

// ExpenseTraps lists the hand-made expenses.
func ExpenseTraps() []Trap { return list(expenseTraps) }

// TransactionTraps lists the hand-made transactions.
func TransactionTraps() []Trap { return list(transactionTraps) }

func list[T any](traps []trap[T]) []Trap {
	all := make([]Trap, len(traps))
	for i, t := range traps {
		all[i] = Trap{t.name, i + 1}
	}
	return all
}

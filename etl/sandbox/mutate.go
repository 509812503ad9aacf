package sandbox

import (
	"fmt"
	"time"
)

// EditExpense changes an expense.
func (s *Sandbox) EditExpense(id int, change func(*Expense)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.expenses.edit(id, func(e *Expense) {
		change(e)
		e.ID = id
	})
}

// InsertExpense adds an approved expense of today, with a change that may be
// nil, and returns its id.
func (s *Sandbox) InsertExpense(change func(*Expense)) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.insertExpense(change)
}

func (s *Sandbox) insertExpense(change func(*Expense)) int {
	id := s.expenses.next()
	e := s.generator.plainExpense(id, s.generator.random('e', id))
	e.CreatedAt = s.opt.Now().In(organizationZone).Truncate(time.Millisecond)
	e.ApprovedAt, e.Date, e.PaidOn = e.CreatedAt, day(e.CreatedAt), ""
	if change != nil {
		change(&e)
	}
	e.ID = id
	s.expenses.put(id, e)
	return id
}

// DeleteExpense moves an expense to the recycle bin.
func (s *Sandbox) DeleteExpense(id int) error { return s.EditExpense(id, s.bin) }

func (s *Sandbox) bin(e *Expense) { e.DeletedAt = s.opt.Now() }

// RestoreExpense takes an expense out of the recycle bin.
func (s *Sandbox) RestoreExpense(id int) error {
	return s.EditExpense(id, func(e *Expense) { e.DeletedAt = time.Time{} })
}

// ApproveExpense approves an expense.
func (s *Sandbox) ApproveExpense(id int) error {
	return s.EditExpense(id, func(e *Expense) {
		e.Approved, e.Rejected, e.RejectedReason, e.ApprovedAt = true, false, "", s.opt.Now()
	})
}

// UnapproveExpense withdraws an approval.
func (s *Sandbox) UnapproveExpense(id int) error {
	return s.EditExpense(id, func(e *Expense) { e.Approved, e.ApprovedAt = false, time.Time{} })
}

// EditTransaction changes a transaction.
func (s *Sandbox) EditTransaction(id int, change func(*Transaction)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.transactions.edit(id, func(t *Transaction) {
		change(t)
		t.ID = id
	})
}

// InsertTransaction adds a purchase captured now, with a change that may be
// nil, and returns its id.
func (s *Sandbox) InsertTransaction(change func(*Transaction)) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.insertTransaction(change)
}

func (s *Sandbox) insertTransaction(change func(*Transaction)) int {
	id := s.transactions.next()
	t := s.generator.plainTransaction(id, s.generator.random('t', id))
	now := s.opt.Now().In(pacific).Truncate(time.Second)
	t.AuthorizationDatetime = now.Add(-2 * time.Hour).Format(time.RFC3339)
	t.TransactionDatetime, t.AllocationDatetime = new(now.Format(time.RFC3339)), now.Format(time.RFC3339)
	if change != nil {
		change(&t)
	}
	t.ID = id
	s.transactions.put(id, t)
	return id
}

// DeleteTransaction makes a transaction vanish from the list.
func (s *Sandbox) DeleteTransaction(id int) error { return s.EditTransaction(id, vanish) }

func vanish(t *Transaction) { t.deleted = true }

// RestoreTransaction brings a vanished transaction back.
func (s *Sandbox) RestoreTransaction(id int) error {
	return s.EditTransaction(id, func(t *Transaction) { t.deleted = false })
}

// RenameVendor changes a company's name in all expenses that refer to it.
func (s *Sandbox) RenameVendor(id int, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if byID(s.catalog.companies, firstCompany, id) == "" {
		return fmt.Errorf("sandbox: no company %d", id)
	}
	s.catalog.companies[id-firstCompany] = name
	s.catalog.encoded.Delete(reference{"companies", id})
	return nil
}

// drift changes the data next to the first record of a page that was just read,
// so that a client that continues by page number skips or repeats a record.
func (s *Sandbox) drift(api, kind string, first int) {
	if kind == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	inserts, deletes := kind != "delete", kind != "insert" // swap does both
	switch api {
	case APIProductive:
		if inserts {
			near, _ := s.expenses.get(first)
			s.insertExpense(func(e *Expense) { e.Date = near.Date })
		}
		if deletes {
			s.expenses.edit(first, s.bin)
		}
	case APIProcurify:
		if inserts {
			near, _ := s.transactions.get(first)
			s.insertTransaction(func(t *Transaction) { t.TransactionDatetime = near.TransactionDatetime })
		}
		if deletes {
			s.transactions.edit(first, vanish)
		}
	}
}

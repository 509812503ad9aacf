package sandbox

import (
	"fmt"
	"time"
)

// EditExpense changes an expense. What the API derives follows by itself.
func (s *Sandbox) EditExpense(id int, change func(*Expense)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.expenses.get(id)
	if !ok {
		return fmt.Errorf("sandbox: no expense %d", id)
	}
	change(&e)
	e.ID = id
	s.expenses.put(id, e)
	return nil
}

// InsertExpense adds an approved expense of today and returns its id. The
// change, which may be nil, comes before it is seen.
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
func (s *Sandbox) DeleteExpense(id int) error {
	return s.EditExpense(id, func(e *Expense) { e.DeletedAt = s.opt.Now() })
}

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

// UnapproveExpense takes an approval back, which may happen long after the
// expense was read.
func (s *Sandbox) UnapproveExpense(id int) error {
	return s.EditExpense(id, func(e *Expense) { e.Approved, e.ApprovedAt = false, time.Time{} })
}

// EditTransaction changes a transaction.
func (s *Sandbox) EditTransaction(id int, change func(*Transaction)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.transactions.get(id)
	if !ok {
		return fmt.Errorf("sandbox: no transaction %d", id)
	}
	change(&t)
	t.ID = id
	s.transactions.put(id, t)
	return nil
}

// InsertTransaction adds a purchase captured now and returns its id. The
// change, which may be nil, comes before it is seen.
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
	t.TransactionDatetime, t.AllocationDatetime = text(now.Format(time.RFC3339)), now.Format(time.RFC3339)
	if change != nil {
		change(&t)
	}
	t.ID = id
	s.transactions.put(id, t)
	return id
}

// DeleteTransaction makes a transaction vanish from the list.
func (s *Sandbox) DeleteTransaction(id int) error {
	return s.EditTransaction(id, func(t *Transaction) { t.deleted = true })
}

// RestoreTransaction brings a vanished transaction back.
func (s *Sandbox) RestoreTransaction(id int) error {
	return s.EditTransaction(id, func(t *Transaction) { t.deleted = false })
}

// CaptureTransaction captures a hold now, however old its authorisation is.
func (s *Sandbox) CaptureTransaction(id int) error {
	return s.EditTransaction(id, func(t *Transaction) {
		t.Status, t.AuthorizationStatus = text("capture"), text("closed")
		t.TransactionDatetime = text(s.opt.Now().In(pacific).Format(time.RFC3339))
	})
}

// RenameVendor changes a company's name in all expenses that refer to it.
func (s *Sandbox) RenameVendor(id int, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.catalog.company(id); !ok {
		return fmt.Errorf("sandbox: no company %d", id)
	}
	s.catalog.companies[id-firstCompany].Name = name
	s.catalog.encoded.Delete(reference{"companies", id})
	return nil
}

// drift changes the data beside a page that was just read, so that a reader
// who goes on by page number skips or repeats a record.
func (s *Sandbox) drift(api, kind string, page []int) {
	if kind == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	first := page[0]
	if api == APIProductive {
		if kind != "delete" {
			neighbour, _ := s.expenses.get(first)
			s.insertExpense(func(e *Expense) { e.Date = neighbour.Date })
		}
		if kind != "insert" {
			e, _ := s.expenses.get(first)
			e.DeletedAt = s.opt.Now()
			s.expenses.put(first, e)
		}
		return
	}
	if kind != "delete" {
		neighbour, _ := s.transactions.get(first)
		s.insertTransaction(func(t *Transaction) { t.TransactionDatetime = neighbour.TransactionDatetime })
	}
	if kind != "insert" {
		t, _ := s.transactions.get(first)
		t.deleted = true
		s.transactions.put(first, t)
	}
}

package warehouse

import (
	"context"
	"strings"
)

// ExecAt runs a file in which {location} stands for a place where no
// parameter may stand, as in attach. The place is written into the text,
// quoted.
func (c *Conn) ExecAt(ctx context.Context, file, location string) error {
	text, err := c.files.text(file)
	if err != nil {
		return c.fail(file, err)
	}
	if _, err := c.q.ExecContext(ctx, place(text, location)); err != nil {
		return c.fail(file, err)
	}
	return nil
}

// ExecSelected runs a file that selects statements, and then runs each of
// them: for statements that take no parameters, as comment on.
func (c *Conn) ExecSelected(ctx context.Context, file string, args Args) error {
	statements, err := Strings(ctx, c, file, args)
	if err != nil {
		return err
	}
	for _, statement := range statements {
		if _, err := c.q.ExecContext(ctx, statement); err != nil {
			return c.fail(file, err)
		}
	}
	return nil
}

// place replaces {location} in a statement by a quoted text.
func place(text, location string) string {
	quoted := "'" + strings.ReplaceAll(location, "'", "''") + "'"
	return strings.ReplaceAll(text, "{location}", quoted)
}

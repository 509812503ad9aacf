package warehouse

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// List runs a statement and returns its rows as scan reads them. Without rows
// it is empty, not nil.
func List[T any](ctx context.Context, r Runner, file string, args Args, scan func(*sql.Rows, *T) error) ([]T, error) {
	all := []T{}
	err := r.Each(ctx, file, args, func(rows *sql.Rows) error {
		var one T
		if err := scan(rows, &one); err != nil {
			return err
		}
		all = append(all, one)
		return nil
	})
	return all, err
}

// Strings runs a statement that selects one text column and returns its values.
func Strings(ctx context.Context, r Runner, file string, args Args) ([]string, error) {
	return List(ctx, r, file, args, func(rows *sql.Rows, s *string) error { return rows.Scan(s) })
}

// Null stores empty text as null.
func Null(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }

// Clear removes all rows of some tables.
func Clear(ctx context.Context, r Runner, tables ...Table) error {
	for _, table := range tables {
		if _, err := r.Exec(ctx, "warehouse/table.clear", Args{"table": table}); err != nil {
			return err
		}
	}
	return nil
}

// Macros begins the names of the macros that several packages need.
const Macros = "warehouse/macro."

// AddMacros creates them. They last as long as the connection.
func (r *runner) AddMacros(ctx context.Context) error {
	names, err := r.Folder("warehouse")
	if err != nil {
		return err
	}
	for _, name := range names {
		if !strings.HasPrefix(name, Macros) {
			continue
		}
		if _, err := r.Exec(ctx, name, nil); err != nil {
			return err
		}
	}
	return nil
}

// Fill runs a statement and fills dest: a pointer to a slice gets all rows, one
// to a struct the only row, or [sql.ErrNoRows]. A column fills the field that
// has its name in JSON or, without underscores, in Go: first_day fills FirstDay.
// A slice of anything but bytes is read from a list in JSON. Null leaves a field
// as it is.
func Fill(ctx context.Context, r Runner, dest any, name string, args Args) error {
	target := reflect.ValueOf(dest).Elem()
	row, isList := target.Type(), target.Kind() == reflect.Slice
	if isList {
		target.Set(reflect.MakeSlice(row, 0, 0))
		row = row.Elem()
	}
	var fields [][]int
	err := r.Each(ctx, name, args, func(rows *sql.Rows) (err error) {
		if fields == nil {
			if fields, err = fieldsOf(row, rows); err != nil {
				return err
			}
		}
		if !isList {
			return scanFields(rows, target, fields)
		}
		one := reflect.New(row).Elem()
		err = scanFields(rows, one, fields)
		target.Set(reflect.Append(target, one))
		return err
	})
	if err == nil && fields == nil && !isList {
		return sql.ErrNoRows
	}
	return err
}

// fieldsOf returns the field that each column fills.
func fieldsOf(row reflect.Type, rows *sql.Rows) ([][]int, error) {
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	fields := make([][]int, len(columns))
	for i, column := range columns {
		for _, field := range reflect.VisibleFields(row) {
			inJSON, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			inGo := strings.EqualFold(field.Name, strings.ReplaceAll(column, "_", ""))
			if field.IsExported() && (inJSON == column || inGo) {
				fields[i] = field.Index
			}
		}
		if fields[i] == nil {
			return nil, fmt.Errorf("%s has no field for the column %s", row, column)
		}
	}
	return fields, nil
}

func scanFields(rows *sql.Rows, into reflect.Value, fields [][]int) error {
	values := make([]any, len(fields)) // pointers to pointers, which stay nil for null
	for i, index := range fields {
		scanned := into.FieldByIndex(index).Type()
		if scanned.Kind() == reflect.Slice { // JSON
			scanned = reflect.TypeFor[[]byte]()
		}
		values[i] = reflect.New(reflect.PointerTo(scanned)).Interface()
	}
	err := rows.Scan(values...)
	for i, index := range fields {
		field, value := into.FieldByIndex(index), reflect.ValueOf(values[i]).Elem()
		switch {
		case value.IsNil():
		case field.Kind() == reflect.Slice && field.Type().Elem().Kind() != reflect.Uint8:
			err = errors.Join(err, json.Unmarshal(value.Elem().Bytes(), field.Addr().Interface()))
		default:
			field.Set(value.Elem().Convert(field.Type()))
		}
	}
	return err
}

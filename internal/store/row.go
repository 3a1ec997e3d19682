package store

import (
	"database/sql"
	"database/sql/driver"
	"fmt"
	"reflect"
	"time"

	"zombiezen.com/go/sqlite"

	"github.com/carillon-server/carillon/internal/chime"
)

// bind gives the statement its parameters.
func bind(stmt *sqlite.Stmt, args []any) error {
	if n := stmt.BindParamCount(); n != len(args) {
		return fmt.Errorf("%d values for %d parameters", len(args), n)
	}
	for i, arg := range args {
		if err := bindOne(stmt, i+1, arg); err != nil {
			return err
		}
	}
	return nil
}

func bindOne(stmt *sqlite.Stmt, n int, arg any) error {
	switch v := arg.(type) {
	case nil:
		stmt.BindNull(n)
	case chime.Tenant:
		stmt.BindInt64(n, int64(v))
	case int64:
		stmt.BindInt64(n, v)
	case bool:
		stmt.BindBool(n, v)
	case float64:
		stmt.BindFloat(n, v)
	case string:
		stmt.BindText(n, v)
	case []byte:
		if v == nil {
			stmt.BindNull(n)
			break
		}
		stmt.BindBytes(n, v)
	default: // a type made of one of these
		v, err := driver.DefaultParameterConverter.ConvertValue(arg)
		if err != nil {
			return err
		}
		if !isBindable(v) {
			return fmt.Errorf("%T cannot be a parameter", arg)
		}
		return bindOne(stmt, n, v)
	}
	return nil
}

func isBindable(v driver.Value) bool {
	switch v.(type) {
	case nil, int64, bool, float64, string, []byte:
		return true
	}
	return false
}

// row is the row at which a query stands. It is gone when the query goes on.
type row struct{ stmt *sqlite.Stmt }

// Scan reads the row's columns into what dest points to, as the method of that name in database/sql does.
func (r row) Scan(dest ...any) error {
	if n := r.stmt.ColumnCount(); n != len(dest) {
		return fmt.Errorf("%d places for %d columns", len(dest), n)
	}
	for i, d := range dest {
		if err := r.scan(i, d); err != nil {
			return fmt.Errorf("column %d: %w", i+1, err)
		}
	}
	return nil
}

func (r row) scan(i int, dest any) error {
	switch d := dest.(type) {
	case *id:
		if n := r.stmt.ColumnLen(i); n != len(d) || r.stmt.ColumnType(i) != sqlite.TypeBlob {
			return fmt.Errorf("%d bytes are not an ID", n)
		}
		r.stmt.ColumnBytes(i, d[:])
	case *string:
		*d = r.stmt.ColumnText(i)
		if *d == "" {
			return r.notNull(i)
		}
	case *int64:
		*d = r.stmt.ColumnInt64(i)
		if *d == 0 {
			return r.notNull(i)
		}
	case *bool:
		*d = r.stmt.ColumnInt64(i) != 0
		if !*d {
			return r.notNull(i)
		}
	case *[]byte:
		*d = nil
		if r.stmt.ColumnType(i) != sqlite.TypeNull {
			*d = make([]byte, r.stmt.ColumnLen(i))
			r.stmt.ColumnBytes(i, *d)
		}
	case *sql.NullString:
		*d = sql.NullString{String: r.stmt.ColumnText(i), Valid: !r.stmt.ColumnIsNull(i)}
	case *sql.NullInt64:
		*d = sql.NullInt64{Int64: r.stmt.ColumnInt64(i), Valid: !r.stmt.ColumnIsNull(i)}
	case millis:
		*d.Time = time.Time{}
		if ms := r.stmt.ColumnInt64(i); ms != 0 || !r.stmt.ColumnIsNull(i) {
			*d.Time = time.UnixMilli(ms).UTC()
		}
	case sql.Scanner:
		return d.Scan(r.value(i))
	default:
		return r.scanNamed(i, dest)
	}
	return nil
}

// scanNamed reads a column into a type that is made of a string or an integer, such as [chime.License]. It is the one
// place that needs reflection: the alternative is a conversion for every such type, at every query.
func (r row) scanNamed(i int, dest any) error {
	p := reflect.ValueOf(dest)
	if p.Kind() != reflect.Pointer {
		return fmt.Errorf("%T is no place for a value", dest)
	}
	switch v := p.Elem(); {
	case v.Kind() == reflect.String:
		v.SetString(r.stmt.ColumnText(i))
	case v.Kind() == reflect.Bool:
		v.SetBool(r.stmt.ColumnInt64(i) != 0)
	case v.CanInt():
		n := r.stmt.ColumnInt64(i)
		if v.OverflowInt(n) {
			return fmt.Errorf("%d does not fit a %s", n, v.Type())
		}
		v.SetInt(n)
	default:
		return fmt.Errorf("%T is no place for a value", dest)
	}
	return r.notNull(i)
}

// value returns a column as database/sql's drivers do.
func (r row) value(i int) any {
	switch r.stmt.ColumnType(i) {
	case sqlite.TypeNull:
		return nil
	case sqlite.TypeInteger:
		return r.stmt.ColumnInt64(i)
	case sqlite.TypeFloat:
		return r.stmt.ColumnFloat(i)
	case sqlite.TypeText:
		return r.stmt.ColumnText(i)
	}
	b := make([]byte, r.stmt.ColumnLen(i))
	r.stmt.ColumnBytes(i, b)
	return b
}

// values returns all columns as value does.
func (r row) values() []any {
	all := make([]any, r.stmt.ColumnCount())
	for i := range all {
		all[i] = r.value(i)
	}
	return all
}

// notNull refuses a null where the place has no word for it.
func (r row) notNull(i int) error {
	if r.stmt.ColumnIsNull(i) {
		return fmt.Errorf("%s is null", r.stmt.ColumnName(i))
	}
	return nil
}

package store

import (
	"strconv"
	"strings"

	"github.com/carillon-server/carillon/internal/chime"
)

// StockNumber is a number of the stock that was imported.
type StockNumber struct {
	chime.StockNumber
	Available bool // nobody has it
}

const stockColumns = `number, country, type, city, state, product_types, available`

func scanStock(_ *Tx, row scanner) (*StockNumber, error) {
	var n StockNumber
	var number, products string
	err := row.Scan(&number, &n.Country, &n.Type, &n.City, &n.State, &products, &n.Available)
	n.Number, n.ProductTypes = chime.E164(number), splitProducts(products)
	return &n, err
}

// StockNumber returns what was imported about the number, or nil.
func (t *Tx) StockNumber(number chime.E164) (*StockNumber, error) {
	return queryRow(t, scanStock, `
		select `+stockColumns+` from number_stock
		where number = $1`,
		string(number))
}

// Stock returns at most limit numbers that were imported, in the order of their digits and after the given one.
func (t *Tx) Stock(after chime.E164, limit int) ([]*StockNumber, error) {
	return query(t, scanStock, `
		select `+stockColumns+` from number_stock
		where number > $1
		order by number limit $2`,
		string(after), limit)
}

// SearchStock returns at most limit numbers that were imported and that nobody has, in the order of their digits and after
// the given one.
func (t *Tx) SearchStock(s chime.NumberSearch, after chime.E164, limit int) ([]*chime.E164, error) {
	// The conditions that choose an index stand in the text.
	text := `
		select number from number_stock
		where available = 1 and country = $1 and type = $2 and number > $3 and number < $4`
	args := []any{s.Country, string(s.Type), max(string(after), s.Prefix), s.Prefix + ":", limit} // the character after 9
	if s.Prefix == "" {
		args[3] = ":"
	}
	if s.State != "" {
		text += ` and state = $6 and state <> ''`
		args = append(args, strings.ToUpper(s.State))
	}
	if s.City != "" {
		text += ` and city_key = $7 and city_key <> ''`
		args = append(args, s.City)
	}
	return query(t, scanE164, text+`
		order by number limit $5`, args...)
}

// A CountryType is a country and a type of numbers there.
type CountryType struct {
	Country string
	Type    chime.NumberType
}

func scanCountryType(_ *Tx, row scanner) (*CountryType, error) {
	var c CountryType
	err := row.Scan(&c.Country, &c.Type)
	return &c, err
}

// StockCountries returns in order the countries and types of which imported numbers are to be had. It makes a jump in an
// index for each, rather than walk all numbers.
func (t *Tx) StockCountries() ([]CountryType, error) {
	var all []CountryType
	for last := (CountryType{}); ; {
		next, err := queryRow(t, scanCountryType, `
			select country, type from number_stock
			where available = 1 and (country, type) > ($1, $2)
			order by country, type limit 1`,
			last.Country, string(last.Type))
		if next == nil || err != nil {
			return all, err
		}
		all, last = append(all, *next), *next
	}
}

// importRows is how many numbers a statement of an import writes.
const importRows = 100

// ImportNumbers adds numbers to the stock, and replaces what was imported about those that are in it. No number may be given
// twice.
func (t *Tx) ImportNumbers(numbers []*chime.StockNumber) error {
	for len(numbers) > 0 {
		n := 1
		if len(numbers) >= importRows {
			n = importRows
		}
		if err := t.importSome(numbers[:n]); err != nil {
			return err
		}
		numbers = numbers[n:]
	}
	return nil
}

func (t *Tx) importSome(numbers []*chime.StockNumber) error {
	held, err := t.heldAmong(numbers)
	if err != nil {
		return err
	}
	const columns = 8
	args := make([]any, 0, columns*len(numbers))
	for _, n := range numbers {
		args = append(args, string(n.Number), n.Country, string(n.Type), n.City, chime.FoldPlace(n.City), n.State,
			joinProducts(n.ProductTypes), flag(!held[n.Number]))
	}
	t.queue(importStatements[len(numbers) == 1], args...)
	return nil
}

// heldAmong returns those of the numbers that somebody has.
func (t *Tx) heldAmong(numbers []*chime.StockNumber) (map[chime.E164]bool, error) {
	args := make([]any, len(numbers))
	for i, n := range numbers {
		args[i] = string(n.Number)
	}
	found, err := query(t, scanE164, heldStatements[len(numbers) == 1], args...)
	held := make(map[chime.E164]bool, len(found))
	for _, n := range found {
		held[*n] = true
	}
	return held, err
}

// The statements for importRows numbers, and for one.
var (
	importStatements = map[bool]string{false: importStatement(importRows), true: importStatement(1)}
	heldStatements   = map[bool]string{false: heldStatement(importRows), true: heldStatement(1)}
)

func importStatement(rows int) string {
	return `
		insert into number_stock (number, country, type, city, city_key, state, product_types, available)
		values ` + placeholders(rows, 8) + `
		on conflict (number) do update
		set country = excluded.country, type = excluded.type, city = excluded.city, city_key = excluded.city_key,
			state = excluded.state, product_types = excluded.product_types, available = excluded.available`
}

func heldStatement(numbers int) string {
	return `
		select number from number_holds
		where number in ` + placeholders(1, numbers)
}

// RemoveStock takes a number out of the stock. Who has it keeps it.
func (t *Tx) RemoveStock(number chime.E164) {
	t.queue(`
		delete from number_stock
		where number = $1`,
		string(number))
}

func (t *Tx) setAvailable(number chime.E164, available bool) {
	t.queue(`
		update number_stock
		set available = $2
		where number = $1`,
		string(number), flag(available))
}

// list returns n parameters from the first on: ($2, $3).
func list(first, n int) string {
	b := []byte{'('}
	for i := range n {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = strconv.AppendInt(append(b, '$'), int64(first+i), 10)
	}
	return string(append(b, ')'))
}

// placeholders returns the parameters of so many rows: ($1, $2), ($3, $4).
func placeholders(rows, columns int) string {
	var b strings.Builder
	for i := range rows * columns {
		switch {
		case i == 0:
			b.WriteByte('(')
		case i%columns == 0:
			b.WriteString("), (")
		default:
			b.WriteString(", ")
		}
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(i + 1))
	}
	b.WriteByte(')')
	return b.String()
}

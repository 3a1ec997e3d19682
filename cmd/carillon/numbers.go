package main

import (
	"context"
	"strings"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
)

// numbersCommand is about the stock of telephone numbers of a running server.
type numbersCommand struct {
	Import numbersImport `cmd:"" help:"Add the numbers of a CSV or JSON lines file to the stock."`
}

// The fields of a number.
const (
	numberE164 = iota
	numberCountry
	numberType
	numberCity
	numberState
	numberProducts
)

// numberFields are what the columns of a file of numbers can be.
var numberFields = []field{
	numberE164:     {name: "E164PhoneNumber", aliases: []string{"number", "phonenumber", "e164", "phone", "telephone", "telephonenumber", "did", "tn"}},
	numberCountry:  {name: "Country", aliases: []string{"countrycode", "iso", "isocountry"}},
	numberType:     {name: "Type", aliases: []string{"numbertype", "phonenumbertype"}},
	numberCity:     {name: "City", aliases: []string{"locality", "town", "ratecenter"}},
	numberState:    {name: "State", aliases: []string{"region", "province"}},
	numberProducts: {name: "ProductTypes", aliases: []string{"products", "producttype", "capabilities"}},
	{name: "Available", exported: true},
	{name: "#line", exported: true}, {name: "#column", exported: true}, {name: "#reason", exported: true}, {name: "#text", exported: true},
}

type numbersImport struct {
	importFlags
}

// Help is printed below the command's first line.
func (numbersImport) Help() string {
	return `Each row is a number. The last three columns may be missing; product types have spaces between them. A file whose first row
names no columns has them in this order:

    number,country,type,city,state,product types
    +12065551234,US,Local,Seattle,WA,BusinessCalling VoiceConnector
    +18885551234,US,TollFree

Rows that break a rule are left out; they go into FILE.errors.csv, each with its line, column and reason, to be mended and
imported in turn. After an interruption, import the file again: numbers that are there are replaced.

    carillon numbers import numbers.csv
    carillon numbers import carrier.csv --map 'DID number=E164PhoneNumber' --ignore-unknown
`
}

// Run imports the file.
func (c *numbersImport) Run(ctx context.Context, p *process, g *globals) error {
	caller, err := c.caller(ctx, p, g)
	if err != nil {
		return err
	}
	const imported, refused = "Imported", "Refused"
	c.fields = numberFields
	return c.run(ctx, p, caller, &importKind{
		things: "numbers", operation: "ImportPhoneNumbers", required: []int{numberE164, numberCountry, numberType},
		headless: []string{"number", "country", "type", "city", "state", "product types"},
		outcomes: []string{imported, refused}, verbs: []string{"imported", "refused"},
		read: readNumber, keyField: numberE164,
		key: func(item any) string {
			number, _ := chime.ParseE164(item.(api.ImportPhoneNumber).E164PhoneNumber) // one that is none is refused anyway
			return string(number)
		},
		input: func(items []any, dryRun bool) any {
			in := &api.ImportPhoneNumbersInput{PhoneNumbers: make([]api.ImportPhoneNumber, len(items))}
			for i, item := range items {
				in.PhoneNumbers[i] = item.(api.ImportPhoneNumber)
			}
			if dryRun {
				in.DryRun = &dryRun
			}
			return in
		},
		answer: func(out any, n int) []rowOutcome {
			outcomes := make([]rowOutcome, n)
			for i := range outcomes {
				outcomes[i].outcome = imported
			}
			for _, e := range out.(*api.ImportPhoneNumbersOutput).ImportErrors {
				member, _, _ := strings.Cut(e.ErrorMessage, " ") // a message begins with what it is about
				outcomes[e.Row-1] = rowOutcome{refused, member, e.ErrorMessage}
			}
			return outcomes
		},
	})
}

// readNumber makes a number of a row.
func readNumber(values []string) (item any, field int, problem string) {
	return api.ImportPhoneNumber{
		E164PhoneNumber: values[numberE164], Country: values[numberCountry],
		Type: spelled(values[numberType], string(chime.Local), string(chime.TollFree)),
		City: values[numberCity], State: values[numberState], ProductTypes: strings.Fields(values[numberProducts]),
	}, -1, ""
}

package ops

import (
	"context"
	"errors"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/stock"
	"github.com/carillon-server/carillon/internal/store"
)

// ImportPhoneNumbers adds numbers to the stock, which is the installation's, and replaces what it says about those that are
// in it; so an import that was interrupted is just made again (decided). What is wrong is told for each number, and does not
// keep the others out. Fictional numbers cannot be imported: they are there.
func (c *Call) ImportPhoneNumbers(_ context.Context, in *api.ImportPhoneNumbersInput) (*api.ImportPhoneNumbersOutput, error) {
	out := &api.ImportPhoneNumbersOutput{ImportErrors: []api.ImportError{}}
	numbers := make([]*chime.StockNumber, 0, len(in.PhoneNumbers))
	seen := make(map[chime.E164]bool, len(in.PhoneNumbers))
	for i := range in.PhoneNumbers {
		n, err := stockNumber(&in.PhoneNumbers[i], seen)
		if refused := (*chime.Error)(nil); errors.As(err, &refused) {
			out.ImportErrors = append(out.ImportErrors, api.ImportError{Row: i + 1, ErrorMessage: refused.Message})
			continue
		}
		seen[n.Number] = true
		numbers = append(numbers, n)
	}
	out.Imported = len(numbers)
	if isTrue(in.DryRun) {
		return out, nil
	}
	return out, c.Tx.ImportNumbers(numbers)
}

func stockNumber(in *api.ImportPhoneNumber, seen map[chime.E164]bool) (*chime.StockNumber, error) {
	n, err := chime.NewStockNumber(in.E164PhoneNumber, in.Country, in.Type, in.City, in.State, in.ProductTypes)
	switch {
	case err != nil:
		return nil, err
	case seen[n.Number]:
		return nil, chime.BadRequest.Errorf("E164PhoneNumber was given before, in the same request")
	case stock.Find(n.Number) != nil:
		return nil, chime.BadRequest.Errorf("E164PhoneNumber is one of the fictional numbers that are in the stock without an import")
	}
	return n, nil
}

// ListStock lists the numbers that were imported, in the order of their digits (decided).
func (c *Call) ListStock(_ context.Context, in *api.ListStockInput) (*api.ListStockOutput, error) {
	p, err := c.page(in.NextToken, in.MaxResults, defaultProfilePage, "ListStock")
	if err != nil {
		return nil, err
	}
	_, after := numberAt(p.after)
	found, err := c.Tx.Stock(after, p.limit+1)
	if err != nil {
		return nil, err
	}
	out := &api.ListStockOutput{PhoneNumbers: []api.StockNumber{}}
	found, out.NextToken = cut(p, found, func(n *store.StockNumber) chime.ID { return position(0, n.Number) })
	for _, n := range found {
		products := make([]string, len(n.ProductTypes))
		for i, p := range n.ProductTypes {
			products[i] = string(p)
		}
		out.PhoneNumbers = append(out.PhoneNumbers, api.StockNumber{
			Available: &n.Available, City: n.City, Country: n.Country, E164PhoneNumber: string(n.Number),
			ProductTypes: products, State: n.State, Type: string(n.Type),
		})
	}
	return out, nil
}

// RemoveStock takes imported numbers out of the stock; those that are not in it are ignored, and who has one keeps it
// (decided).
func (c *Call) RemoveStock(_ context.Context, in *api.RemoveStockInput) (*api.RemoveStockOutput, error) {
	out := &api.RemoveStockOutput{}
	seen := map[chime.E164]bool{}
	for _, s := range in.E164PhoneNumbers {
		number, _ := chime.ParseE164(s) // no number is empty
		n, err := c.Tx.StockNumber(number)
		if err != nil {
			return nil, err
		}
		if n != nil && !seen[number] {
			seen[number] = true
			c.Tx.RemoveStock(number)
			out.Removed++
		}
	}
	return out, nil
}

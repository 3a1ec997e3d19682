package ops_test

import (
	"fmt"
	"testing"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/chime/chimetest"
	"github.com/carillon-server/carillon/internal/ops"
	"github.com/carillon-server/carillon/internal/ops/opstest"
	"github.com/carillon-server/carillon/internal/store"
)

// BenchmarkSearch finds 500 fictional numbers of a state, or 500 imported ones, while 10 or 100,000 numbers are taken
// elsewhere: in other states, and of what was imported for the same one.
func BenchmarkSearch(b *testing.B) {
	for _, taken := range []int{10, 100_000} {
		c := opstest.New(b, func(s *ops.Settings) { s.NumberQuota = 0 })
		var rows []*chime.StockNumber
		for i := range taken + 1000 {
			n, err := chime.NewStockNumber(fmt.Sprintf("+1206%07d", 6000000+i), "US", "Local", "Seattle", "WA", nil)
			if err != nil {
				b.Fatal(err)
			}
			rows = append(rows, n)
		}
		for len(rows) > 0 {
			n := min(len(rows), 5000)
			err := c.DB.Update(b.Context(), 1, func(tx *store.Tx) error { return tx.ImportNumbers(rows[:n]) })
			if err != nil {
				b.Fatal(err)
			}
			rows = rows[n:]
		}
		for from := 0; from < taken; from += 1000 {
			err := c.DB.Update(b.Context(), 1, func(tx *store.Tx) error {
				for i := range min(1000, taken-from) {
					tx.InsertNumber(&chime.Number{CreatedAt: chimetest.Start, UpdatedAt: chimetest.Start, Number: chime.E164(fmt.Sprintf("+1206%07d", 6000000+from+i)), ProductTypes: []chime.ProductType{chime.SipMedia}})
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
		}
		for name, in := range map[string]*api.SearchAvailablePhoneNumbersInput{
			"fictional": {State: "CA", MaxResults: 500},
			"imported":  {State: "WA", City: "Seattle", MaxResults: 500},
		} {
			b.Run(fmt.Sprintf("%s/taken=%d", name, taken), func(b *testing.B) {
				for b.Loop() {
					if out := opstest.Must(c, api.Operations.SearchAvailablePhoneNumbers, in); len(out.E164PhoneNumbers) != 500 {
						b.Fatalf("%d numbers", len(out.E164PhoneNumbers))
					}
				}
			})
		}
	}
}

// BenchmarkImport imports numbers in requests of 5,000, through the gate.
func BenchmarkImport(b *testing.B) {
	c := opstest.New(b)
	in := &api.ImportPhoneNumbersInput{PhoneNumbers: make([]api.ImportPhoneNumber, 5000)}
	next := 0
	b.ReportAllocs()
	for b.Loop() {
		for i := range in.PhoneNumbers {
			in.PhoneNumbers[i] = api.ImportPhoneNumber{
				E164PhoneNumber: fmt.Sprintf("+1206%07d", 6000000+next%4000000), Country: "US", Type: "Local", City: "Seattle", State: "WA",
				ProductTypes: []string{"BusinessCalling", "VoiceConnector"},
			}
			next++
		}
		opstest.Must(c, api.Operations.ImportPhoneNumbers, in)
	}
	b.ReportMetric(float64(next)/b.Elapsed().Seconds(), "rows/s")
}

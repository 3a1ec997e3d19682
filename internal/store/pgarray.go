package store

import (
	"encoding/binary"
	"fmt"

	"github.com/jackc/pgx/v5/pgtype"
)

// pgArray is a column of many rows as one parameter: an array in PostgreSQL's binary format, made as it goes. The library's
// own encoding asks for each element how to encode it, which costs more than the rest of a group.
type pgArray struct {
	data  []byte
	count uint32
}

// pgArrayHeader is the size of what stands before the elements: dimensions, whether there are nulls, the elements' type,
// how many there are, and the first one's index.
const pgArrayHeader = 20

// begin makes the array an empty one with elements of a type, and keeps its memory.
func (a *pgArray) begin(element uint32) {
	a.data = append(a.data[:0], make([]byte, pgArrayHeader)...)
	a.count = 0
	binary.BigEndian.PutUint32(a.data[0:], 1)
	binary.BigEndian.PutUint32(a.data[4:], 1) // there may be nulls
	binary.BigEndian.PutUint32(a.data[8:], element)
	binary.BigEndian.PutUint32(a.data[16:], 1)
}

func (a *pgArray) null() {
	a.count++
	a.data = append(a.data, 0xff, 0xff, 0xff, 0xff)
}

func (a *pgArray) int64(v int64) {
	a.count++
	a.data = binary.BigEndian.AppendUint32(a.data, 8)
	a.data = binary.BigEndian.AppendUint64(a.data, uint64(v))
}

func (a *pgArray) string(v string) {
	a.count++
	a.data = binary.BigEndian.AppendUint32(a.data, uint32(len(v)))
	a.data = append(a.data, v...)
}

func (a *pgArray) bytes(v []byte) {
	a.count++
	a.data = binary.BigEndian.AppendUint32(a.data, uint32(len(v)))
	a.data = append(a.data, v...)
}

// add adds a value as the queued writes have them.
func (a *pgArray) add(value any) error {
	switch v := value.(type) {
	case nil:
		a.null()
	case int64:
		a.int64(v)
	case string:
		a.string(v)
	case []byte:
		a.bytes(v)
	default:
		return fmt.Errorf("%T is in no array", value)
	}
	return nil
}

// parameter returns the array for the wire. It is good until the next begin.
func (a *pgArray) parameter() []byte {
	binary.BigEndian.PutUint32(a.data[12:], a.count)
	return a.data
}

// pgElement is the number of a type that arrays here are made of.
func pgElement(name string) uint32 {
	switch name {
	case "bigint":
		return pgtype.Int8OID
	case "bytea":
		return pgtype.ByteaOID
	case "text":
		return pgtype.TextOID
	}
	panic("no arrays are made of " + name)
}

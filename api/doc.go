// Package api is the Amazon Chime administration API (namespace chime, 2018-05-01, 62 operations) in Go, together
// with Carillon's extensions to it: which request means which operation, what a value must look like, and how
// inputs and outputs travel. It knows nothing of what the operations do. It assumes nothing about its input, and it
// promises that what Decode returns meets every rule of the model.
//
// # Data and the code that walks it
//
// model/chime.json is Amazon's API description without its prose; model/carillon.json describes the extensions in
// the same form. Command apigen turns them into declarations: a Go structure for each structure (types.gen.go), a
// table of operations, members and rules (tables.gen.go) and the interface Operations (operations.gen.go). The code
// of this package walks those tables, without reflection:
//
//	route, err := api.Match(r.Method, r.RequestURI)   // which operation?
//	in, err := route.Op.Decode(route, body)           // *CreateUserInput, checked
//	out, err := route.Op.Invoke(ctx, operations, in)  // *CreateUserOutput
//	body = api.Append(nil, route.Op.Output, out)      // JSON
//
// and, for clients, [Operation.NewRequest] and [Unmarshal].
//
// # Absence
//
// JSON null and a missing member are both absent, and absent members are not written. In Go an absent string is "",
// an integer 0, a timestamp the zero time, a list nil, a structure or an optional boolean nil; none of the API's
// integers may be 0. Where absent and empty mean different things the model says "box": true and the member is a
// *string. A list that is empty but not nil is written as [].
//
// # Adding an operation
//
//  1. Describe it and its shapes in model/carillon.json: POST /carillon/Name, all members in the body, success 200.
//     Every shape lives in one set of names with Amazon's and may be used from there, the exceptions above all.
//     "readonly": true says that the operation changes nothing, "installation": true that
//     it is for the root of the installation alone, "documentation" what it does.
//  2. If a new shape has a pattern, say in phrases (rules.go) what it asks for, in words.
//  3. Run go generate ./api. What the generator does not understand it refuses, naming the shape.
//  4. Write the method that Operations now asks for.
//
// Nothing else: routing, binding, checking and encoding follow from the tables, and so do the tests, which go
// through all operations, members and rules there are.
package api

//go:generate go run ../cmd/apigen

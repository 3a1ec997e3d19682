package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

const apiFolder = "../../api"

// TestGeneratedFilesAreCommitted also shows that the same models give the same bytes, since the maps they are read into
// have another order each time.
func TestGeneratedFilesAreCommitted(t *testing.T) {
	t.Parallel()
	for range 3 {
		files, err := generate(os.DirFS(apiFolder))
		if err != nil {
			t.Fatal(err)
		}
		made := map[string]bool{}
		for _, f := range files {
			made[f.name] = true
			committed, err := os.ReadFile(filepath.Join(apiFolder, f.name))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(f.text, committed) {
				t.Errorf("%s is out of date; run go generate ./... and commit what it makes", f.name)
			}
		}
		committed, err := filepath.Glob(filepath.Join(apiFolder, "*.gen.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range committed {
			if !made[filepath.Base(path)] {
				t.Errorf("%s is not generated any more", path)
			}
		}
	}
}

// A model that is whole, in which each of the tests below breaks one thing.
const whole = `{
 "operations": {
  "MoveThing": {
   "http": {"method": "POST", "requestUri": "/things/{thingId}?operation=move", "responseCode": 201},
   "input": {"shape": "MoveThingRequest"},
   "output": {"shape": "MoveThingResponse"},
   "errors": [{"shape": "LostException"}]
  },
  "ListThings": {
   "http": {"method": "GET", "requestUri": "/things", "responseCode": 200},
   "input": {"shape": "ListThingsRequest"}
  }
 },
 "shapes": {
  "ListThingsRequest": {"type": "structure", "members": {"Max": {"shape": "Count", "location": "querystring", "locationName": "max"}}},
  "MoveThingRequest": {
   "type": "structure", "required": ["ThingId"],
   "members": {
    "ThingId": {"shape": "Text", "location": "uri", "locationName": "thingId"},
    "Colors": {"shape": "ColorList"},
    "When": {"shape": "Moment"},
    "Note": {"shape": "Text", "box": true}
   }
  },
  "MoveThingResponse": {"type": "structure", "members": {"Thing": {"shape": "Thing"}}},
  "Thing": {"type": "structure", "members": {"Color": {"shape": "Color"}, "Heavy": {"shape": "Flag"}}},
  "LostException": {"type": "structure", "members": {"Message": {"shape": "Text"}}, "exception": true, "error": {"httpStatusCode": 404}},
  "Color": {"type": "string", "enum": ["Red", "Blue"]},
  "ColorList": {"type": "list", "member": {"shape": "Color"}, "max": 5},
  "Count": {"type": "integer", "min": 1, "max": 9},
  "Flag": {"type": "boolean"},
  "Moment": {"type": "timestamp", "timestampFormat": "iso8601"},
  "Text": {"type": "string", "pattern": "[a-z]+"}
 }
}`

const extension = `{
 "operations": {
  "PutExtra": {
   "http": {"method": "POST", "requestUri": "/carillon/PutExtra", "responseCode": 200},
   "documentation": "Puts an extra.",
   "input": {"shape": "PutExtraRequest"}
  }
 },
 "shapes": {"PutExtraRequest": {"type": "structure", "members": {"Name": {"shape": "Text"}}}}
}`

func models(amazon, ours string) fstest.MapFS {
	return fstest.MapFS{"model/chime.json": {Data: []byte(amazon)}, "model/carillon.json": {Data: []byte(ours)}}
}

func TestWholeModelIsTaken(t *testing.T) {
	t.Parallel()
	files, err := generate(models(whole, extension))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		names = append(names, f.name)
	}
	if diff := cmp.Diff([]string{"types.gen.go", "tables.gen.go", "operations.gen.go"}, names); diff != "" {
		t.Error(diff)
	}
}

// TestBrokenModelsAreRefused breaks one thing and expects the complaint that names where.
func TestBrokenModelsAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, old, new, want string }{
		{"no JSON", `"shapes": {`, `"shapes": [`, "model/chime.json: "},
		{"an unknown key", `"type": "boolean"`, `"type": "boolean", "streaming": true`, `unknown field "streaming"`},
		{"an unknown type", `"type": "boolean"`, `"type": "blob"`, `shape Flag: unknown type "blob"`},
		{"a shape that is missing", `{"shape": "Flag"}`, `{"shape": "Flags"}`, "shape Thing: unknown shape Flags"},
		{"a shape without use", `"Heavy": {"shape": "Flag"}`, `"Heavy": {"shape": "Color"}`, "shape Flag is used by no operation"},
		{"a shape that contains itself", `"Heavy": {"shape": "Flag"}`, `"Heavy": {"shape": "Flag"}, "Part": {"shape": "Thing"}`, "shape Thing contains itself"},
		{"an input inside a structure", `"Heavy": {"shape": "Flag"}`, `"Heavy": {"shape": "Flag"}, "In": {"shape": "ListThingsRequest"}`, "shape ListThingsRequest belongs to operation ListThings and cannot also be inside Thing"},
		{"an input of two operations", `"shape": "ListThingsRequest"}`, `"shape": "MoveThingRequest"}`, "shape MoveThingRequest belongs to operation ListThings and cannot also serve MoveThing"},
		{"a pattern that does not compile", `[a-z]+`, `[a-z`, "shape Text: error parsing regexp"},
		{"a pattern of a number", `"type": "integer"`, `"type": "integer", "pattern": "1+"`, "shape Count: type integer has no pattern and no enum"},
		{"bounds that exclude all", `"min": 1, "max": 9`, `"min": 10, "max": 9`, "shape Count: no value lies between 10 and 9"},
		{"another form of time", `iso8601`, `unixTimestamp`, `shape Moment: timestamp format "unixTimestamp" is not iso8601`},
		{"a list of nothing", `"member": {"shape": "Color"}, `, ``, "shape ColorList: a list needs a member"},
		{"a list of numbers", `"member": {"shape": "Color"}`, `"member": {"shape": "Count"}`, "shape ColorList: a list of integer is not supported"},
		{"members of a string", `"type": "string", "enum"`, `"type": "string", "required": ["X"], "enum"`, "shape Color: type string has no members"},
		{"a required member that is missing", `"required": ["ThingId"]`, `"required": ["ThingId", "Size"]`, "shape MoveThingRequest: requires Size, which is no member"},
		{"an exception without a status", `, "error": {"httpStatusCode": 404}`, ``, "shape LostException: an exception, and nothing else, has an HTTP status"},
		{"an error that is no exception", `{"shape": "LostException"}`, `{"shape": "Thing"}`, "operation MoveThing: unknown exception Thing"},
		{"a location without a name", `"location": "querystring", "locationName": "max"`, `"location": "querystring"`, "ListThingsRequest.Max: location without a name"},
		{"a name without a location", `"Colors": {"shape": "ColorList"}`, `"Colors": {"shape": "ColorList", "locationName": "c"}`, "MoveThingRequest.Colors: a member of the body goes by its own name"},
		{"an unknown location", `"location": "querystring"`, `"location": "header"`, `ListThingsRequest.Max: unknown location "header"`},
		{"a label that is optional", `"required": ["ThingId"],`, ``, "MoveThingRequest.ThingId: a path label is a required string"},
		{"a query item that is a structure", `{"shape": "Count", "location"`, `{"shape": "Thing", "location"`, "ListThingsRequest.Max: a structure cannot be a query item"},
		{"a box around a list", `"Colors": {"shape": "ColorList"}`, `"Colors": {"shape": "ColorList", "box": true}`, "MoveThingRequest.Colors: only an optional string in the body can be boxed"},
		{"a label that is not bound", `/things/{thingId}?`, `/things/{otherId}?`, `operation MoveThing: the path has labels ["otherId"], the input binds ["thingId"]`},
		{"an unknown method", `"method": "GET"`, `"method": "PATCH"`, `operation ListThings: unknown method "PATCH"`},
		{"a status that is no success", `"responseCode": 201`, `"responseCode": 301`, "operation MoveThing: status 301 is no success"},
		{"a path that is none", `"requestUri": "/things",`, `"requestUri": "things",`, `operation ListThings: "things" is not a path`},
		{"one place for two operations", `"method": "POST", "requestUri": "/things/{thingId}?operation=move"`, `"method": "GET", "requestUri": "/things"`, "operations ListThings and MoveThing cannot be told apart"},
		{"a name where labels are", `"requestUri": "/things",`, `"requestUri": "/things/all",`, "after /things/ come both names and labels"},
		{"our prefix for an operation of Amazon's", `"requestUri": "/things",`, `"requestUri": "/carillon/things",`, "operation ListThings: /carillon is for extensions"},
		{"one Go name for two members", `"Heavy": {"shape": "Flag"}`, `"Heavy": {"shape": "Flag"}, "ThingId": {"shape": "Text"}, "ThingID": {"shape": "Text"}`, "Thing.ThingID and Thing.ThingId have one Go name"},
		{"one Go name for two values", `"enum": ["Red", "Blue"]`, `"enum": ["Red", "Red"]`, "both declare ColorRed in Go"},
		{"an extension elsewhere", `"requestUri": "/carillon/PutExtra"`, `"requestUri": "/carillon/Extra"`, "operation PutExtra: an extension is POST /carillon/PutExtra and answers 200"},
		{"an extension without documentation", `"documentation": "Puts an extra.",`, ``, "operation PutExtra: an extension needs documentation"},
		{"an extension with a query item", `"Name": {"shape": "Text"}`, `"Name": {"shape": "Text", "location": "querystring", "locationName": "name"}`, "PutExtraRequest.Name: an extension takes all members in the body"},
		{"an operation described twice", `"PutExtra": {`, `"ListThings": {`, "operation ListThings is described twice"},
		{"a shape described twice", `"shapes": {"PutExtraRequest"`, `"shapes": {"Text": {"type": "string"}, "PutExtraRequest"`, "shape Text is described twice"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			amazon, ours := strings.Replace(whole, c.old, c.new, 1), extension
			if amazon == whole {
				ours = strings.Replace(extension, c.old, c.new, 1)
			}
			if amazon == whole && ours == extension {
				t.Fatalf("%s is not in the model", c.old)
			}
			files, err := generate(models(amazon, ours))
			if err == nil || files != nil {
				t.Fatal("the model was taken")
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %q, want %q", err, c.want)
			}
		})
	}
}

// TestRefusalWritesNothing also lists all that is wrong at once.
func TestRefusalWritesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	broken := strings.NewReplacer(`"type": "boolean"`, `"type": "blob"`, `iso8601`, `epoch`).Replace(whole)
	if err := os.CopyFS(dir, models(broken, extension)); err != nil {
		t.Fatal(err)
	}
	err := run(dir)
	if err == nil || !strings.Contains(err.Error(), "shape Flag") || !strings.Contains(err.Error(), "shape Moment") {
		t.Errorf("error %v, want one about Flag and Moment", err)
	}
	if files, _ := filepath.Glob(filepath.Join(dir, "*.go")); len(files) > 0 {
		t.Errorf("%v were written", files)
	}
}

func TestGoName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"UserIdList": "UserIDList", "UserIds": "UserIDs", "AwsAccountId": "AWSAccountID", "AlexaForBusinessRoomArn": "AlexaForBusinessRoomARN",
		"E164PhoneNumber": "E164PhoneNumber", "PersonalPIN": "PersonalPIN", "OutboundEventsHTTPSEndpoint": "OutboundEventsHTTPSEndpoint", "Identity": "Identity",
	} {
		if got := goName(name); got != want {
			t.Errorf("goName(%s) = %s, want %s", name, got, want)
		}
	}
}

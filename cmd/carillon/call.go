package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/sigv4"
)

const (
	callAttempts = 3
	maxAnswer    = 64 << 20 // bytes
)

// callCommand calls one operation.
type callCommand struct {
	Operation string   `arg:"" optional:"" predictor:"operation" help:"The operation, such as CreateUser; none lists them."`
	Members   []string `arg:"" optional:"" help:"Its members: Name=value, Name.Sub=value, List=a,b or a JSON object."`

	JSON  string `name:"json" placeholder:"FILE" help:"Take the members from a file with a JSON object; - is standard input."`
	Query string `placeholder:"PATH" help:"Print what is at this path of the answer, such as Account.AccountId or Users[*].UserId."`
	All   bool   `help:"Fetch all pages of a list."`
	target
}

// target says which server a command calls.
type target struct {
	Endpoint string `env:"AWS_ENDPOINT_URL_CHIME,AWS_ENDPOINT_URL" placeholder:"URL" help:"The server. Default: the one that runs on the data folder."`
	trust
	Region string `env:"AWS_REGION,AWS_DEFAULT_REGION" default:"us-east-1" help:"The region to sign for; the server takes any. Default: ${default}."`
}

// Run makes the call and prints its answer.
func (c *callCommand) Run(ctx context.Context, p *process, g *globals) error {
	if c.Operation == "" {
		printOperations(p.stdout)
		return nil
	}
	op := api.ByName(c.Operation)
	if op == nil {
		return unknownOperation(c.Operation)
	}
	if c.Query != "" && !queryPattern.MatchString(c.Query) {
		return usagef("--query must be a path such as Account.AccountId, Users[0].UserId or Users[*].UserId")
	}
	if c.All && findField(op.Output, "NextToken") == nil {
		return usagef("--all is for lists with pages, which %s is not", op.Name)
	}
	data, err := members(op, c.Members, c.JSON, p.stdin)
	if err != nil {
		return err
	}
	in, err := input(op, data)
	if err != nil {
		return err
	}
	caller, err := c.caller(ctx, p, g)
	if err != nil {
		return err
	}
	answer, err := caller.call(ctx, op, in)
	if err != nil {
		return err
	}
	if c.All {
		if answer, err = caller.rest(ctx, op, data, answer); err != nil {
			return err
		}
	}
	if len(answer) == 0 { // 204
		return nil
	}
	return printAnswer(p.stdout, answer, c.Query)
}

func unknownOperation(name string) error {
	known := make([]string, len(api.AllOperations))
	for i, op := range api.AllOperations {
		known[i] = op.Name
	}
	return usagef("%s is not an operation; carillon call lists them all%s", name, didYouMean(name, known))
}

// caller makes signed calls to one server.
type caller struct {
	client      *http.Client
	url, region string
	keys        credentials
}

// caller finds the server and the credentials: from flags and the usual AWS variables, else from the data folder.
func (c *target) caller(ctx context.Context, p *process, g *globals) (*caller, error) {
	id, _ := p.env("AWS_ACCESS_KEY_ID")
	secret, _ := p.env("AWS_SECRET_ACCESS_KEY")
	keys := credentials{accessKeyID: id, secret: secret, origin: "the environment"}
	if c.Endpoint != "" {
		if id == "" || secret == "" {
			return nil, usagef("an endpoint is set but no credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or leave the endpoint out to call the server of the data folder")
		}
		url, err := endpointURL(c.Endpoint)
		if err != nil {
			return nil, err
		}
		client, err := c.client()
		return &caller{client, url, c.Region, keys}, err
	}
	folder, isDefault, err := g.dataFolder(p.env)
	if err != nil {
		return nil, err
	}
	server, err := findServer(ctx, folder, startedAs(p.env, folder, isDefault))
	if err != nil {
		return nil, err
	}
	// Without an endpoint the variables are likely to be for AWS itself: they count only if they are the server's.
	if id == "" || secret == "" || id != server.AccessKeyID {
		if keys, err = serverKeys(p.env, folder, server); err != nil {
			return nil, err
		}
	}
	return &caller{server.client(), server.URL, c.Region, keys}, nil
}

// answerError is an error that the server answered.
type answerError struct {
	status             int
	exception, message string
	request            string
}

func (e *answerError) Error() string {
	return fmt.Sprintf("%s (%d): %s [request %s]", e.exception, e.status, e.message, e.request)
}

// input turns the members of a call into the operation's input.
func input(op *api.Operation, data []byte) (any, error) {
	in, err := api.Unmarshal(op.Input, data)
	if err != nil {
		return nil, usagef("%v; see: carillon call %s --help", err, op.Name)
	}
	return in, nil
}

// call makes a call. A lost connection and an error of the server's are tried again with the same invocation id, by
// which the server knows a repetition.
func (c *caller) call(ctx context.Context, op *api.Operation, in any) ([]byte, error) {
	request := op.NewRequest(in)
	invocation := uuid.NewString()
	for attempt := 1; ; attempt++ {
		answer, err := c.try(ctx, request, invocation, attempt)
		var refused *answerError
		again := err != nil && (!errors.As(err, &refused) || refused.status >= 500)
		if !again || attempt == callAttempts || ctx.Err() != nil {
			return answer, err
		}
		select {
		case <-time.After(rand.N(100 * time.Millisecond << attempt)):
		case <-ctx.Done():
		}
	}
}

func (c *caller) try(ctx context.Context, r api.Request, invocation string, attempt int) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, r.Method, c.url+r.Target, bytes.NewReader(r.Body))
	if err != nil {
		return nil, err
	}
	if r.Body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	request.Header.Set("Amz-Sdk-Invocation-Id", invocation)
	request.Header.Set("Amz-Sdk-Request", fmt.Sprintf("attempt=%d; max=%d", attempt, callAttempts))
	request.Header.Set("User-Agent", "carillon")
	sigv4.Sign(&sigv4.Request{
		Method: r.Method, Target: request.URL.RequestURI(), Host: request.URL.Host, Header: request.Header, Body: r.Body,
	}, c.keys.accessKeyID, c.keys.secret, c.region, "chime", time.Now())
	response, err := c.client.Do(request)
	if err != nil {
		return nil, unreachable(c.url, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("read the answer of %s: %w", c.url, err)
	}
	if response.StatusCode < 300 {
		return body, nil
	}
	var problem struct{ Message string }
	if err := json.Unmarshal(body, &problem); err != nil {
		problem.Message = "the answer is not JSON; is there a Carillon at " + c.url + "?"
	}
	return nil, &answerError{response.StatusCode, response.Header.Get("x-amzn-ErrorType"), problem.Message, response.Header.Get("x-amzn-RequestId")}
}

// rest fetches the pages after the first and returns all of them as one.
func (c *caller) rest(ctx context.Context, op *api.Operation, data, first []byte) ([]byte, error) {
	var whole, members map[string]any
	if err := json.Unmarshal(first, &whole); err != nil {
		return nil, fmt.Errorf("the answer is not JSON: %w", err)
	}
	if err := json.Unmarshal(data, &members); err != nil {
		return nil, err
	}
	for whole["NextToken"] != nil {
		members["NextToken"] = whole["NextToken"]
		next, err := json.Marshal(members)
		if err != nil {
			return nil, err
		}
		in, err := input(op, next)
		if err != nil {
			return nil, err
		}
		body, err := c.call(ctx, op, in)
		if err != nil {
			return nil, err
		}
		var page map[string]any
		if err := json.Unmarshal(body, &page); err != nil {
			return nil, fmt.Errorf("the answer is not JSON: %w", err)
		}
		delete(whole, "NextToken")
		for name, value := range page {
			earlier, isList := whole[name].([]any)
			if items, ok := value.([]any); ok && isList {
				value = append(earlier, items...)
			}
			whole[name] = value
		}
	}
	return json.Marshal(whole)
}

package ops_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/ops"
	"github.com/carillon-server/carillon/internal/ops/opstest"
)

// Every member that can hold something of a tenant's is held against three worlds: that of the caller, that of another tenant, the
// victim, and one that nobody has. The test is that the victim's answers like nobody's, and stays as it is.

// things says what a member of an input names, by the path of the member. An operation's own path, such as
// GetPrincipal.Name, goes before one that holds for all.
var things = map[string]string{
	"AccountId":                           "account",
	"AwsAccountId":                        "tenant",
	"AccessKeyId":                         "key",
	"BotId":                               "bot",
	"ClientRequestToken":                  "request",
	"ConversationId":                      "conversation",
	"Domain":                              "domain",
	"DomainName":                          "domain",
	"E164PhoneNumber":                     "number",
	"E164PhoneNumbers[]":                  "number",
	"Email":                               "email",
	"FaultId":                             "fault",
	"FilterValue":                         "account",
	"FromPhoneNumber":                     "number",
	"GroupNames[]":                        "group",
	"InviteId":                            "invite",
	"InviteToken":                         "link",
	"ListAccounts.Name":                   "name",
	"MailId":                              "mail",
	"MemberId":                            "user",
	"MemberIds[]":                         "user",
	"MembershipItemList[].MemberId":       "user",
	"MessageId":                           "message",
	"RedactConversationMessage.MessageId": "said",
	"NextToken":                           "token",
	"CreatePrincipal.Name":                "principal",
	"DeletePrincipal.Name":                "principal",
	"GetPrincipal.Name":                   "principal",
	"PhoneNumberId":                       "number",
	"PhoneNumberIds[]":                    "number",
	"PhoneNumberOrderId":                  "order",
	"PrincipalName":                       "principal",
	"RoomId":                              "room",
	"SenderId":                            "user",
	"SigninDelegateGroups[].GroupName":    "group",
	"UpdatePhoneNumberRequestItems[].PhoneNumberId": "number",
	"UpdateUserRequestItems[].UserId":               "user",
	"UserEmail":                                     "email",
	"Users[].Email":                                 "email",
	"UserEmailList[]":                               "email",
	"UserId":                                        "user",
	"UserIdList[]":                                  "user",
	"WebhookId":                                     "webhook",
}

// plain are members that name nothing of anybody's, with what the test puts there.
var plain = map[string]any{
	"AccountSettings.DisableRemoteControl":               true,
	"AccountSettings.EnableDialOut":                      true,
	"AccountType":                                        "EnterpriseLWA",
	"AlexaForBusinessMetadata.AlexaForBusinessRoomArn":   "arn:aws:a4b:us-east-1:123456789012:room/x",
	"AlexaForBusinessMetadata.IsAlexaForBusinessEnabled": false,
	"All":                            false,
	"AreaCode":                       "206",
	"BackupId":                       "01234567-89ab-7def-8123-456789abcdec", // of the whole installation
	"BusinessCalling.CdrBucket":      "bucket",
	"CallingName":                    "Example",
	"City":                           "Seattle",
	"Content":                        "Good morning",
	"Count":                          1,
	"Country":                        "US",
	"DefaultLicense":                 "Pro",
	"DelayMilliseconds":              1,
	"Disabled":                       true,
	"DisplayName":                    "Somebody",
	"Drop":                           "AfterCommit",
	"EndTime":                        "2036-01-01T00:00:00Z",
	"DryRun":                         false,
	"Error":                          "ThrottledClientException",
	"EventName":                      "CreateUser",
	"ExpectedSeal":                   "1:00",
	"FilterName":                     "AccountId",
	"JoinToken":                      "abc",
	"LambdaFunctionArn":              "arn:aws:lambda:us-east-1:123456789012:function:f",
	"LicenseType":                    "Pro",
	"MaxResults":                     1,
	"MeetingId":                      "01234567-89ab-cdef-0123-456789abcdef",
	"MembershipItemList[].Role":      "Member",
	"Name":                           "Something",
	"Offset":                         1,
	"Operation":                      "CreateUser",
	"OutboundEventsHTTPSEndpoint":    "https://bot.example.com/",
	"PhoneNumberType":                "Local",
	"PrincipalArn":                   "arn:aws:iam::123456789012:root",
	"StartTime":                      "2026-01-01T00:00:00Z",
	"PhoneNumbers[].City":            "Seattle",
	"PhoneNumbers[].Country":         "US",
	"PhoneNumbers[].E164PhoneNumber": "+12065551234",
	"PhoneNumbers[].ProductTypes[]":  "BusinessCalling",
	"PhoneNumbers[].State":           "WA",
	"PhoneNumbers[].Type":            "Local",
	"PolicyDocument":                 allow(`"chime:*"`, `"*"`),
	"PolicyName":                     "CarillonAuditor", // one of the principal's own is called so too
	"ProbabilityPercent":             50,
	"ProductType":                    "BusinessCalling",
	"RetentionSettings.ConversationRetentionSettings.RetentionDays": 30,
	"RetentionSettings.RoomRetentionSettings.RetentionDays":         30,
	"Role":                    "Member",
	"Seconds":                 1,
	"State":                   "WA",
	"Status":                  "Queued",
	"UpdateAccessKey.Status":  "Inactive",
	"UpdateTenant.Status":     "Suspended",
	"ListPhoneNumbers.Status": "Assigned",
	"SupportedLicenses[]":     "Pro",
	"ToPhoneNumber":           "+12065550142",
	"TollFreePrefix":          "800",
	"UpdatePhoneNumberRequestItems[].CallingName":                                 "Example",
	"UpdatePhoneNumberRequestItems[].ProductType":                                 "BusinessCalling",
	"UpdateUserRequestItems[].AlexaForBusinessMetadata.AlexaForBusinessRoomArn":   "arn:aws:a4b:us-east-1:123456789012:room/x",
	"UpdateUserRequestItems[].AlexaForBusinessMetadata.IsAlexaForBusinessEnabled": false,
	"UpdateUserRequestItems[].LicenseType":                                        "Pro",
	"UpdateUserRequestItems[].UserType":                                           "PrivateUser",
	"Update":                                                                      true,
	"Users[].AlexaForBusinessRoomArn":                                             "arn:aws:a4b:us-east-1:123456789012:room/x",
	"Users[].DisplayName":                                                         "Somebody",
	"Users[].IsAlexaForBusinessEnabled":                                           false,
	"Users[].LicenseType":                                                         "Pro",
	"Users[].UserRegistrationStatus":                                              "Registered",
	"Users[].UserType":                                                            "PrivateUser",
	"UserSettings.Telephony.InboundCalling":                                       true,
	"UserSettings.Telephony.OutboundCalling":                                      true,
	"UserSettings.Telephony.SMS":                                                  true,
	"UserType":                                                                    "PrivateUser",
	"Username":                                                                    "Somebody",
	"VoiceConnector.CdrBucket":                                                    "bucket",
}

// with are members that have to be there for another one to count.
var with = map[string][]string{
	"AcceptInvite.InviteId":       {"AccountId", "DisplayName"},
	"AcceptInvite.AccountId":      {"InviteId", "DisplayName"},
	"DeclineInvite.InviteId":      {"AccountId"},
	"DeclineInvite.AccountId":     {"InviteId"},
	"GetInvite.InviteId":          {"AccountId"},
	"GetInvite.AccountId":         {"InviteId"},
	"CreateUser.AccountId":        {"Email"},
	"FilterValue":                 {"FilterName"},
	"InviteToken":                 {"DisplayName"},
	"NextToken":                   {"MaxResults"},
	"UpdateUserProfile.UserId":    {"DisplayName"},
	"UpdateUserProfile.AccountId": {"DisplayName"},
}

// unpaged are lists of which the victim has no second page, and so no token.
var unpaged = map[string]string{
	"ListTenants":                       "for the root of the installation alone",
	"RekeySecrets":                      "for the root of the installation alone",
	"SearchAvailablePhoneNumbers":       "a search of what nobody has: its tokens are no tenant's",
	"ListSupportedPhoneNumberCountries": "the same for everybody",
	"ListStock":                         "the stock is of the installation",
}

// leaf is a member that holds a value.
type leaf struct {
	path     string // UpdateUserRequestItems[].UserId
	required bool
}

func leaves(s *api.Structure, prefix string, required bool) (all []leaf) {
	for i := range s.Fields {
		f := &s.Fields[i]
		path, shape := prefix+f.Name, f.Shape
		if shape.Kind == api.KindList {
			path, shape = path+"[]", shape.Elem
		}
		if shape.Kind == api.KindStructure {
			all = append(all, leaves(shape.Struct, path+".", required && f.Required)...)
			continue
		}
		all = append(all, leaf{path, required && f.Required})
	}
	return all
}

func placed[T any](table map[string]T, op *api.Operation, path string) (v T, ok bool) {
	if v, ok = table[op.Name+"."+path]; ok {
		return v, ok
	}
	v, ok = table[path]
	return v, ok
}

// world is what each kind of thing is in a tenant.
type world map[string]string

// put puts a value into a body at a path.
func put(body map[string]any, path string, value any) {
	name, rest, deeper := strings.Cut(path, ".")
	name, isList := strings.CutSuffix(name, "[]")
	if deeper {
		inner := map[string]any{}
		switch there := body[name].(type) {
		case map[string]any:
			inner = there
		case []any:
			inner = there[0].(map[string]any)
		}
		put(inner, rest, value)
		value = inner
	}
	if isList {
		value = []any{value}
	}
	body[name] = value
}

// question is a call in which some members are of another world.
type question struct {
	op    *api.Operation
	paths map[string]bool // that are foreign
}

// body returns the members of the call, and the foreign values among them.
func (q question) body(t *testing.T, own, foreign world) (data []byte, named map[string]string) {
	t.Helper()
	body, named := map[string]any{}, map[string]string{}
	set := func(path string) {
		kind, isThing := placed(things, q.op, path)
		value, isPlain := placed(plain, q.op, path)
		switch {
		case isThing && q.paths[path]:
			put(body, path, foreign[kind])
			named[kind] = foreign[kind]
		case isThing:
			put(body, path, own[kind])
		case isPlain:
			put(body, path, value)
		default:
			t.Fatalf("%s: say in things or in plain what %s names", q.op.Name, path)
		}
	}
	for _, l := range leaves(q.op.Input, "", true) {
		if l.required || q.paths[l.path] {
			set(l.path)
		}
	}
	for path := range q.paths {
		companions, _ := placed(with, q.op, path)
		for _, c := range companions {
			if q.has(c) {
				set(c)
			}
		}
	}
	data, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return data, named
}

func (q question) has(path string) bool {
	return slices.ContainsFunc(leaves(q.op.Input, "", true), func(l leaf) bool { return l.path == path })
}

// call makes the call, and returns its answer as text and its error.
func (q question) call(t *testing.T, c *opstest.Caller, body []byte) (string, error) {
	t.Helper()
	in, err := api.Unmarshal(q.op.Input, body)
	if err != nil {
		t.Fatalf("%s %s: %v", q.op.Name, body, err)
	}
	out, err := opstest.Raw(context.Background(), c, q.op, in)
	if err != nil {
		var kind *chime.Error
		if !errors.As(err, &kind) {
			t.Errorf("%s %s: %v, want a refusal", q.op.Name, body, err)
		}
		return fmt.Sprint("refused: ", err), err
	}
	return string(api.Append(nil, q.op.Output, out)), nil
}

var made = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}|AKIA[A-Z2-7]{16}|[A-Za-z0-9/+]{40}|"NextToken":"[^"]*"|[0-9]{10}|\?token=[^"]*`)

// alike returns an answer without what differs from call to call, and with a placeholder for what was asked for.
func alike(answer string, named map[string]string) string {
	for kind, value := range named {
		answer = strings.ReplaceAll(answer, value, "<"+kind+">")
		if kind == "email" {
			local, _, _ := strings.Cut(value, "@")
			answer = regexp.MustCompile(`(?i)"DisplayName":"`+local+`"`).ReplaceAllString(answer, `"DisplayName":"<email>"`)
		}
	}
	return made.ReplaceAllString(answer, "<made>")
}

func TestIsolation(t *testing.T) {
	t.Parallel()
	c := newTelephone(t)
	victim, own := c.populate(t, 222222222222, "victim"), c.populate(t, 333333333333, "own")
	theirs, caller := c.as(222222222222, victim), c.as(333333333333, own)
	nobody := world{
		"account": "01234567-89ab-7def-8123-456789abcde0", "user": "01234567-89ab-7def-8123-456789abcde1", "bot": "01234567-89ab-7def-8123-456789abcde2",
		"conversation": "01234567-89ab-7def-8123-456789abcde3", "room": "01234567-89ab-7def-8123-456789abcde4", "message": "01234567-89ab-7def-8123-456789abcde5",
		"said": "01234567-89ab-7def-8123-456789abcde6", "order": "01234567-89ab-7def-8123-456789abcde7", "webhook": "01234567-89ab-7def-8123-456789abcde8",
		"mail": "01234567-89ab-7def-8123-456789abcde9", "invite": "01234567-89ab-7def-8123-456789abcdea", "fault": "01234567-89ab-7def-8123-456789abcdeb",
		"tenant": "444444444444", "key": "AKIAIOSFODNN7EXAMPLE", "domain": "nobody.example.org", "number": "+12125559999", "email": "nobodys@nobody.example.org",
		"group": "Nobody", "request": "nobodys-request", "name": "Nobody Inc", "principal": "nobody",
		"link": strings.Repeat("A", len(victim["link"])), "token": strings.Repeat("A", 43),
	}
	before := c.state(t, 222222222222)
	secrets := secretsOf(victim, before)
	asked := 0
	ask := func(q question, foreign world) {
		t.Helper()
		asked++
		body, named := q.body(t, own, foreign)
		answer, err := q.call(t, caller, body)
		none, nones := q.body(t, own, nobody)
		want, _ := q.call(t, caller, none)
		if got, want := alike(answer, named), alike(want, nones); got != want {
			t.Errorf("%s %s:\n%s\nis not what it is for nobody's:\n%s", q.op.Name, body, got, want)
		}
		for _, s := range secrets {
			if strings.Contains(strings.ToLower(answer), s) && !strings.Contains(strings.ToLower(string(body)), s) {
				t.Errorf("%s %s tells of the victim: %s", q.op.Name, body, answer)
			}
		}
		if q.mustFail() && !errors.Is(err, chime.NotFound) {
			t.Errorf("%s %s: %s, want not found", q.op.Name, body, answer)
		}
	}
	for _, op := range asking() {
		all := question{op, map[string]bool{}}
		for _, l := range leaves(op.Input, "", true) {
			kind, isThing := placed(things, op, l.path)
			if _, isPlain := placed(plain, op, l.path); !isThing && !isPlain {
				t.Errorf("%s: say in things or in plain what %s names", op.Name, l.path)
			}
			if !isThing {
				continue
			}
			if kind == "token" {
				if _, none := unpaged[op.Name]; none {
					continue
				}
				foreign := maps.Clone(victim)
				foreign["token"] = nextToken(t, theirs, op, victim)
				ask(question{op, map[string]bool{l.path: true}}, foreign)
				continue
			}
			ask(question{op, map[string]bool{l.path: true}}, victim)
			if l.required {
				all.paths[l.path] = true
			}
		}
		if len(all.paths) > 1 {
			ask(all, victim)
		}
	}
	if asked < 200 {
		t.Errorf("only %d questions were asked", asked)
	}
	if err := c.runner.RunDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, c.state(t, 222222222222)); diff != "" {
		t.Errorf("the victim's state changed (-before +after):\n%s", diff)
	}
}

// asking returns all operations: first those that change nothing, last those that make what others look for.
func asking() []*api.Operation {
	all := slices.Clone(api.AllOperations)
	rank := func(op *api.Operation) int {
		switch {
		case op.ReadOnly:
			return 0
		case strings.HasPrefix(op.Name, "Create"), op.Name == "ClaimDomain", op.Name == "InviteUsers":
			return 2
		case op.Name == "UpdateUserProfile": // takes an address, and leaves it only for another one
			return 3
		}
		return 1
	}
	slices.SortStableFunc(all, func(a, b *api.Operation) int { return rank(a) - rank(b) })
	return all
}

// mustFail reports whether the call names something foreign without which it makes no sense: then it is not found.
func (q question) mustFail() bool {
	if q.op.Installation || !slices.Contains(q.op.Errors, "NotFoundException") {
		return false
	}
	for path := range q.paths {
		kind, _ := placed(things, q.op, path)
		if (kind == "account" || kind == "room" || kind == "user" || kind == "bot" || kind == "conversation" || kind == "key" || kind == "order") &&
			!strings.Contains(path, "[]") && path != "FilterValue" && path != "SenderId" && q.isRequired(path) {
			return true
		}
	}
	return false
}

func (q question) isRequired(path string) bool {
	return slices.ContainsFunc(leaves(q.op.Input, "", true), func(l leaf) bool { return l.path == path && l.required })
}

// nextToken returns a token that the victim was given for a list of its own.
func nextToken(t *testing.T, c *opstest.Caller, op *api.Operation, victim world) string {
	t.Helper()
	q := question{op, map[string]bool{}}
	body, _ := q.body(t, victim, nil)
	var members map[string]any
	if err := json.Unmarshal(body, &members); err != nil {
		t.Fatal(err)
	}
	members["MaxResults"] = 1
	body, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	answer, _ := q.call(t, c, body)
	var page struct{ NextToken string }
	if err := json.Unmarshal([]byte(answer), &page); err != nil || page.NextToken == "" {
		t.Fatalf("%s %s has no second page; give the victim more, or say in unpaged why it has none: %s", op.Name, body, answer)
	}
	return page.NextToken
}

// as returns the root of a tenant that was populated.
func (c *telephone) as(tenant chime.Tenant, w world) *opstest.Caller {
	other := *c.Caller
	other.Tenant, other.Account = tenant, w["account"]
	return &other
}

// populate fills a tenant with two of everything and returns one of each. The word is in every name.
func (c *telephone) populate(t *testing.T, tenant chime.Tenant, word string) world {
	t.Helper()
	opstest.Must(c.Caller, api.Operations.CreateTenant, &api.CreateTenantInput{AWSAccountID: tenant.String(), Name: word})
	w := world{"tenant": tenant.String(), "group": word, "request": word + "-request", "name": word + " Inc", "domain": word + ".example.com",
		"email": word + "0@" + word + ".example.com", "principal": word + "0", "token": ""}
	my := *c.Caller
	my.Tenant = tenant
	w["account"] = my.NewAccount(w["name"])
	my.Account = w["account"]
	for n := range 2 { // to be forgotten, and to be listed
		deleted := my.NewAccount(fmt.Sprint(word, " deleted ", n))
		opstest.Must(&my, api.Operations.DeleteAccount, &api.DeleteAccountInput{AccountID: deleted})
	}
	my.NewAccount(word + " second")
	opstest.Must(&my, api.Operations.ClaimDomain, &api.ClaimDomainInput{AccountID: my.Account, DomainName: w["domain"]})
	opstest.Must(&my, api.Operations.ClaimDomain, &api.ClaimDomainInput{AccountID: my.Account, DomainName: "second." + w["domain"]})
	opstest.Must(&my, api.Operations.AssociateSigninDelegateGroupsWithAccount, &api.AssociateSigninDelegateGroupsWithAccountInput{
		AccountID: my.Account, SigninDelegateGroups: []api.SigninDelegateGroup{{GroupName: w["group"]}}})
	opstest.Must(&my, api.Operations.UpdateGlobalSettings, &api.UpdateGlobalSettingsInput{BusinessCalling: &api.BusinessCallingSettings{CdrBucket: &word}})
	putRetention(&my, 30, 30)
	var users []string
	for n := range 4 {
		users = append(users, my.CreateUser(fmt.Sprintf("%s%d@%s.example.com", word, n, word)).UserID)
	}
	w["user"] = users[0]
	for n := range 2 {
		w["invite"] = invite(&my, fmt.Sprintf("invited%d@%s.example.com", n, word))[0].InviteID
	}
	w["link"] = tokens(t, &my, fmt.Sprintf("invited1@%s.example.com", word))[0]
	w["mail"] = opstest.Must(&my, api.Operations.ListMail, &api.ListMailInput{}).Mail[0].MailID
	numbers := map[string][]string{"victim": {"+12065550150", "+12065550151"}, "own": {"+12065550160", "+12065550161"}}[word]
	phone := *c
	phone.Caller = &my
	for _, n := range numbers {
		phone.buy(t, n)
	}
	if err := associate(&my, users[1], numbers[1]); err != nil {
		t.Fatal(err)
	}
	w["number"] = numbers[0]
	w["order"] = opstest.Must(&my, api.Operations.ListPhoneNumberOrders, &api.ListPhoneNumberOrdersInput{}).PhoneNumberOrders[0].PhoneNumberOrderID
	opstest.Must(&my, api.Operations.UpdateAccountSettings, &api.UpdateAccountSettingsInput{AccountID: my.Account, AccountSettings: &api.AccountSettings{EnableDialOut: new(bool)}})
	for range 2 {
		opstest.Must(&my, api.Operations.CreateMeetingDialOut, &api.CreateMeetingDialOutInput{
			MeetingID: "01234567-89ab-cdef-0123-456789abcdef", FromPhoneNumber: w["number"], ToPhoneNumber: "+12065550199", JoinToken: "abc"})
	}
	w["room"] = opstest.Must(&my, api.Operations.CreateRoom, &api.CreateRoomInput{AccountID: my.Account, Name: word, ClientRequestToken: w["request"]}).Room.RoomID
	second := createRoom(&my, word+" second").RoomID
	for n := range 2 {
		b := opstest.Must(&my, api.Operations.CreateBot, &api.CreateBotInput{AccountID: my.Account, DisplayName: fmt.Sprint(word, " bot ", n), Domain: w["domain"]}).Bot
		w["bot"] = b.BotID
		w["webhook"] = opstest.Must(&my, api.Operations.CreateRoomWebhook, &api.CreateRoomWebhookInput{AccountID: my.Account, RoomID: w["room"], Name: word}).Webhook.WebhookID
	}
	for _, room := range []string{w["room"], second} {
		join(&my, room, users[0])
		join(&my, room, users[1])
	}
	c.deliveries(t, &my, w)
	for range 2 {
		talk := opstest.Must(&my, api.Operations.CreateConversation, &api.CreateConversationInput{AccountID: my.Account, MemberIDs: users[:2]}).Conversation
		w["conversation"] = talk.ConversationID
	}
	for range 2 {
		w["message"] = say(&my, w["room"], users[0], word).MessageID
		w["said"] = opstest.Must(&my, api.Operations.SendConversationMessage, &api.SendConversationMessageInput{
			AccountID: my.Account, ConversationID: w["conversation"], SenderID: users[0], Content: word}).Message.MessageID
	}
	for n := range 2 {
		name := opstest.Must(&my, api.Operations.CreatePrincipal, &api.CreatePrincipalInput{Name: fmt.Sprint(word, n)}).Principal.Name
		opstest.Must(&my, api.Operations.AttachManagedPolicy, &api.AttachManagedPolicyInput{PrincipalName: name, PolicyName: "CarillonAuditor"})
		opstest.Must(&my, api.Operations.PutPrincipalPolicy, &api.PutPrincipalPolicyInput{
			PrincipalName: name, PolicyName: "CarillonAuditor", PolicyDocument: allow(`"chime:*"`, `"arn:aws:s3:::`+word+`"`)})
	}
	w["key"] = opstest.Must(&my, api.Operations.CreateAccessKey, &api.CreateAccessKeyInput{PrincipalName: word + "0"}).AccessKey.AccessKeyID
	w["fault"] = orderFault(c.Caller)
	return w
}

// orderFault orders a fault that strikes nobody here.
func orderFault(c *opstest.Caller) string {
	return opstest.Must(c, api.Operations.PutFault, &api.PutFaultInput{
		Operation: "UpdateGlobalSettings", Error: "ThrottledClientException", AWSAccountID: "999999999999", Count: 1}).Fault.FaultID
}

// deliveries notes two events of a bot, which take an endpoint otherwise.
func (c *telephone) deliveries(t *testing.T, my *opstest.Caller, w world) {
	t.Helper()
	account, _ := chime.ParseID(w["account"])
	bot, _ := chime.ParseID(w["bot"])
	room, _ := chime.ParseID(w["room"])
	err := c.Gate.Work(t.Context(), my.Tenant, func(call *ops.Call) error {
		b, err := call.Tx.Bot(account, bot)
		if err != nil {
			return err
		}
		for range 2 {
			call.Tx.InsertEvent(b.NewEvent(call.Source, chime.InviteEvent, room, chime.ID{}, "arn"))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// state returns all rows of a tenant, and of the tables that are the installation's.
func (c *telephone) state(t *testing.T, tenant chime.Tenant) map[string][]string {
	t.Helper()
	db, err := c.Raw.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	names, err := db.QueryContext(t.Context(), c.Raw.Tables())
	if err != nil {
		t.Fatal(err)
	}
	var tables []string
	for names.Next() {
		var name string
		if err := names.Scan(&name); err != nil {
			t.Fatal(err)
		}
		tables = append(tables, name)
	}
	if err := names.Err(); err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for _, table := range tables {
		rows, err := db.QueryContext(t.Context(), "select * from "+table)
		if err != nil {
			t.Fatal(err)
		}
		columns, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		at := slices.Index(columns, "tenant")
		for rows.Next() {
			values := make([]any, len(columns))
			places := make([]any, len(columns))
			for i := range values {
				places[i] = &values[i]
			}
			if err := rows.Scan(places...); err != nil {
				t.Fatal(err)
			}
			if at < 0 || values[at] == int64(tenant) {
				all[table] = append(all[table], text(columns, values))
			}
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		slices.Sort(all[table])
	}
	return all
}

func text(columns []string, values []any) string {
	var b strings.Builder
	for i, v := range values {
		if raw, ok := v.([]byte); ok {
			v = hex.EncodeToString(raw)
		}
		fmt.Fprintf(&b, "%s=%v ", columns[i], v)
	}
	return b.String()
}

// secretsOf returns what no answer to others may hold: the names of the tenant's things, the word in all its names, and the IDs in
// its rows.
func secretsOf(w world, state map[string][]string) []string {
	found := map[string]bool{"victim": true}
	for _, v := range w {
		if v != "" {
			found[strings.ToLower(v)] = true
		}
	}
	blob := regexp.MustCompile(`=([0-9a-f]{32}) `)
	for _, rows := range state {
		for _, row := range rows {
			for _, m := range blob.FindAllStringSubmatch(row, -1) {
				id := m[1]
				if strings.Trim(id, "0") != "" {
					found[id[:8]+"-"+id[8:12]+"-"+id[12:16]+"-"+id[16:20]+"-"+id[20:]] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// TestInboundTokensOfOthers posts to the webhook of one tenant with the token of another's.
func TestInboundTokensOfOthers(t *testing.T) {
	t.Parallel()
	c := newTelephone(t)
	url := func(c *opstest.Caller) (id, token string) {
		room := createRoom(c, "Room").RoomID
		out := opstest.Must(c, api.Operations.CreateRoomWebhook, &api.CreateRoomWebhookInput{AccountID: c.Account, RoomID: room, Name: "Alerts"})
		_, token, _ = strings.Cut(out.URL, "?token=")
		return out.Webhook.WebhookID, token
	}
	other := c.Of(7)
	id, token := url(c.Caller)
	theirID, theirToken := url(other)
	post := func(tenant chime.Tenant, id, token string) error {
		return c.Gate.Work(t.Context(), tenant, func(call *ops.Call) error {
			_, err := call.Receive(id, token, "Good morning")
			return err
		})
	}
	for name, err := range map[string]error{
		"their id, my token":                   post(c.Tenant, theirID, token),
		"my id, their token":                   post(other.Tenant, id, theirToken),
		"their id and token, in my name":       post(c.Tenant, theirID, theirToken),
		"my id and token, in their name":       post(other.Tenant, id, token),
		"my id, my token with their tenant in": post(other.Tenant, id, theirToken[:12]+token[12:]),
	} {
		if !errors.Is(err, chime.Forbidden) {
			t.Errorf("%s: %v, want forbidden", name, err)
		}
	}
	if err := post(c.Tenant, id, token); err != nil {
		t.Errorf("my id and token: %v", err)
	}
}

// TestMarksOfOthers repeats a call of another tenant word by word.
func TestMarksOfOthers(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	mine := c.Attempt("same").NewAccount("Same")
	if theirs := c.Of(7).Attempt("same").NewAccount("Same"); theirs == mine {
		t.Error("the repetition got what another tenant made")
	}
}

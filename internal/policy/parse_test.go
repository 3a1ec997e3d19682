package policy_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/carillon-server/carillon/internal/policy"
)

// of makes a document of the elements of its one statement.
func of(elements string) string {
	return "{\"Version\": \"2012-10-17\",\n \"Statement\": {\"Effect\": \"Allow\", " + elements + "}}"
}

// when makes a document of the operators of its one condition.
func when(operators string) string {
	return of(`"Action": "*", "Resource": "*",` + "\n" + `"Condition": {` + operators + `}`)
}

// refusals are documents and what is said of them. Where a ¦ stands, the error is; without one it is at the beginning.
var refusals = map[string][2]string{
	"empty":                   {``, "the policy is empty; it must be a JSON object with Version and Statement"},
	"cut off":                 {`{"Version": "2012-10-17"¦`, "the policy ends too early"},
	"no object":               {"\n  ¦[]", "a policy must be a JSON object with Version and Statement"},
	"no JSON":                 {`{¦'Version': 1}`, "this is not JSON"},
	"comma at the end":        {"{\"Version\": \"2012-10-17\",\n¦}", "this is not JSON"},
	"something after":         {`{"Statement": 1}¦ {}`, "nothing may come after the policy"},
	"no UTF-8":                {"{\"Id\": \"¦\xff\"}", "this is not JSON: invalid UTF-8"},
	"too large":               {strings.Repeat("x", 6145), "the policy is too large; at most 6144 characters may be other than white space"},
	"much white space":        {strings.Repeat(" ", 200_000) + "{}", "the policy is too large"},
	"unknown element":         {`{¦"Principals": {}, "Statement": []}`, `unknown element "Principals"; allowed are Version, Id, Statement`},
	"element in another case": {`{¦"version": "2012-10-17", "Statement": []}`, `"version" must be written Version`},
	"element twice":           {`{"Version": "2012-10-17",` + "\n" + `¦"Version": "2012-10-17"}`, "Version is given twice"},
	"unknown version":         {"{\n\t\"Version\": ¦\"2020-01-01\", \"Statement\": []}", `Version must be "2012-10-17", or "2008-10-17" for a policy without variables`},
	"version is a number":     {`{"Version": ¦2012}`, `Version must be "2012-10-17"`},
	"id is a number":          {`{"Id": ¦7}`, "Id must be a string"},
	"no statement":            {`¦{"Version": "2012-10-17"}`, "Statement is missing"},
	"empty statements":        {`{"Version": "2012-10-17", "Statement": ¦[]}`, "Statement must not be empty"},
	"statement is a string":   {`{"Statement": [¦"x"]}`, "a statement must be an object with Sid, Effect, Action or NotAction"},
	"empty statement":         {`{"Statement": ¦{}}`, "Effect is missing; it must be Allow or Deny"},
	"no effect":               {`{"Statement": [¦{"Action": "*", "Resource": "*"}]}`, "Effect is missing"},
	"no action":               {"{\"Version\": \"2012-10-17\",\n \"Statement\": ¦{\"Effect\": \"Allow\", \"Resource\": \"*\"}}", "Action is missing"},
	"no resource":             {"{\"Version\": \"2012-10-17\",\n \"Statement\": ¦{\"Effect\": \"Allow\", \"Action\": \"*\"}}", "Resource is missing"},
	"effect in lower case":    {`{"Statement": [{"Effect": ¦"allow"}]}`, "Effect must be Allow or Deny"},
	"effect twice":            {of(`¦"Effect": "Deny"`), "Effect is given twice"},
	"principal":               {of(`¦"Principal": "*", "Action": "*", "Resource": "*"`), "Principal must not be in a policy of a principal"},
	"not principal":           {of(`¦"NotPrincipal": {"AWS": "*"}, "Action": "*", "Resource": "*"`), "NotPrincipal must not be in a policy of a principal"},
	"unknown in a statement":  {of(`¦"Actions": "*"`), `unknown element "Actions"; allowed are Sid, Effect, Action or NotAction, Resource or NotResource, Condition`},
	"action in lower case":    {of(`¦"action": "*"`), `"action" must be written Action`},
	"both actions":            {of(`"Action": "*", ¦"NotAction": "*"`), "a statement must have Action or NotAction, not both"},
	"both resources":          {of(`"NotResource": "*", ¦"Resource": "*"`), "a statement must have Resource or NotResource, not both"},
	"empty action":            {of(`"Action": ¦[]`), "Action must not be empty"},
	"empty resource":          {of(`"Resource": ¦[]`), "Resource must not be empty"},
	"action is a number":      {of(`"Action": ["chime:*", ¦7]`), "Action must be a string like chime:GetUser, or a list of such"},
	"action is null":          {of(`"Action": ¦null`), "Action must be a string"},
	"action in two lists":     {of(`"Action": [¦["*"]]`), "Action must be a string"},
	"action without service":  {of(`"Action": ¦"GetUser"`), "Action: an action must be * or a service and a name like chime:GetUser"},
	"action without name":     {of(`"Action": ¦"chime:"`), "Action: an action must be"},
	"star for a service":      {of(`"Action": ¦"*:GetUser"`), "Action: an action must be"},
	"action with a variable":  {of(`"Action": ¦"chime:${aws:username}"`), "Action: an action must be"},
	"action of three parts":   {of(`"NotAction": ¦"chime:Get:User"`), "NotAction: an action must be"},
	"sid with a space":        {of(`"Sid": ¦"a b"`), "Sid must be a string of letters and digits"},
	"sid is a number":         {of(`"Sid": ¦1`), "Sid must be a string"},
	"sid twice":               {`{"Statement": [{"Sid": "a", "Effect": "Allow", "Action": "*", "Resource": "*"}, {"Sid": ¦"a"}]}`, "Sid must be another in each statement; a is given twice"},
	"resource is no ARN":      {of(`"Resource": ¦"account/1"`), "Resource: a resource must be * or an ARN like arn:aws:chime::123456789012:account/*; this does not begin with arn:"},
	"resource of few parts":   {of(`"Resource": ¦"arn:aws:chime:account"`), "this does not have six parts between colons"},
	"resource of one star":    {of(`"Resource": ¦"arn:*"`), "this does not have six parts between colons"},
	"bad partition":           {of(`"Resource": ¦"arn:amazon:chime::123456789012:x"`), "the partition must be aws, aws-cn or aws-us-gov"},
	"star for the service":    {of(`"Resource": ¦"arn:aws:*::123456789012:x"`), "the service must be a name without wildcards"},
	"bad region":              {of(`"Resource": ¦"arn:aws:chime:us east:123456789012:x"`), "the region must be empty, a name, or have wildcards"},
	"bad account":             {of(`"Resource": ¦"arn:aws:chime::1234:x"`), "the AWS account must be empty, 12 digits, or have wildcards"},
	"variable for an account": {of(`"Resource": ¦"arn:aws:chime::${aws:PrincipalAccount}:x"`), "the AWS account must be"},
	"nothing at the end":      {of(`"Resource": ¦"arn:aws:chime::123456789012:"`), "the last part must not be empty"},
	"variable not closed":     {of(`"Resource": ¦"arn:aws:chime::123456789012:${aws:username"`), "a variable must be like ${aws:username}"},
	"variable without a name": {of(`"Resource": ¦"arn:aws:chime::123456789012:${}"`), "a variable must be like ${aws:username}"},
	"variable without prefix": {of(`"Resource": ¦"arn:aws:chime::123456789012:${username}"`), "a variable must be like ${aws:username}"},
	"default without quotes":  {of(`"Resource": ¦"arn:aws:chime::123456789012:${aws:username, x}"`), "or ${aws:username, 'anybody'}"},
	"default not closed":      {of(`"Resource": ¦"arn:aws:chime::123456789012:${aws:username, 'x}"`), "a variable must be like"},
	"something after default": {of(`"Resource": ¦"arn:aws:chime::123456789012:${aws:username, 'x' y}"`), "a variable must be like"},
	"condition is a list":     {of(`"Condition": ¦[]`), "Condition must be an object like"},
	"empty condition":         {of(`"Condition": ¦{}`), "Condition must not be empty"},
	"operator of a string":    {when(`"Bool": ¦"true"`), "Condition must be an object like"},
	"operator without a key":  {when(`"Bool": ¦{}`), "Bool must name a condition key"},
	"unknown operator":        {when(`¦"StringIs": {}`), "unknown operator StringIs; allowed are ArnEquals, ArnLike"},
	"binary operator":         {when(`¦"BinaryEquals": {}`), "unknown operator BinaryEquals"},
	"operator in lower case":  {when(`¦"stringEquals": {}`), "unknown operator stringEquals"},
	"unknown quantifier":      {when(`¦"ForSomeValues:StringLike": {}`), "before the colon of an operator must be ForAnyValue or ForAllValues"},
	"null if exists":          {when(`¦"NullIfExists": {}`), "Null must be without IfExists"},
	"null for all":            {when(`¦"ForAllValues:Null": {}`), "Null must be without"},
	"operator twice":          {when(`"Bool": {"aws:x": true}, ¦"Bool": {"aws:y": true}`), "Bool is given twice"},
	"key twice":               {when(`"Bool": {"aws:x": true, ¦"AWS:X": true}`), "AWS:X is given twice; the case of keys does not matter"},
	"key without a prefix":    {when(`"Bool": {¦"username": true}`), `"username" is no condition key; one is like aws:SourceIp`},
	"value is an object":      {when(`"Bool": {"aws:x": ¦{}}`), "a value of aws:x must be a string, a number, true or false"},
	"value is null":           {when(`"StringLike": {"aws:x": ["a", ¦null]}`), "a value of aws:x must be"},
	"no value":                {when(`"StringLike": {"aws:x": ¦[]}`), "aws:x must be compared with at least one value"},
	"bad boolean":             {when(`"Bool": {"aws:x": ¦"yes"}`), "a value of aws:x must be true or false"},
	"bad null":                {when(`"Null": {"aws:x": ¦1}`), "a value of aws:x must be true or false"},
	"bad number":              {when(`"NumericEquals": {"aws:x": ¦"0x10"}`), "a value of aws:x must be a number"},
	"infinite number":         {when(`"NumericEquals": {"aws:x": ¦1e999}`), "a value of aws:x must be a number"},
	"bad date":                {when(`"DateLessThan": {"aws:CurrentTime": ¦"31.01.2026"}`), "a value of aws:CurrentTime must be a time like 2026-01-31T12:00:00Z"},
	"no such day":             {when(`"DateLessThan": {"aws:CurrentTime": ¦"2026-02-30"}`), "must be a time like"},
	"time without a zone":     {when(`"DateLessThan": {"aws:CurrentTime": ¦"2026-01-31T12:00:00"}`), "must be a time like"},
	"bad address":             {when(`"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", ¦"10.0.0.256"]}`), "a value of aws:SourceIp must be a network like 203.0.113.0/24"},
	"prefix too long":         {when(`"NotIpAddress": {"aws:SourceIp": ¦"10.0.0.0/33"}`), "must be a network like"},
	"address with a zone":     {when(`"IpAddress": {"aws:SourceIp": ¦"fe80::1%eth0"}`), "must be a network like"},
	"bad ARN to compare":      {when(`"ArnLike": {"aws:PrincipalArn": ¦"user/jane"}`), "aws:PrincipalArn: an ARN must have six parts between colons"},
	"short ARN to compare":    {when(`"ArnLike": {"aws:PrincipalArn": ¦"arn:aws:iam:*"}`), "an ARN must have six parts"},
	"variable in a condition": {when(`"StringLike": {"aws:x": ¦"${aws:username"}`), "aws:x: a variable must be like"},
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for name, refusal := range refusals {
		before, after, _ := strings.Cut(refusal[0], "¦")
		if !strings.Contains(refusal[0], "¦") {
			before, after = "", refusal[0]
		}
		_, err := policy.Parse(before + after)
		var wrong *policy.SyntaxError
		if !errors.As(err, &wrong) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		lines := strings.Split(before, "\n")
		line, column := len(lines), 1+len([]rune(lines[len(lines)-1]))
		if wrong.Line != line || wrong.Column != column || !strings.Contains(wrong.Message, refusal[1]) {
			t.Errorf("%s: %v\nwant line %d, column %d: %s", name, wrong, line, column, refusal[1])
		}
	}
}

func TestColumnsCountCharacters(t *testing.T) {
	t.Parallel()
	_, err := policy.Parse(`{"Id": "äöü", "X": 1}`)
	if err == nil || !strings.HasPrefix(err.Error(), "line 1, column 15: unknown element") {
		t.Error(err)
	}
}

// TestSize counts what IAM counts: a policy of the largest size is taken, however it is laid out.
func TestSize(t *testing.T) {
	t.Parallel()
	fill := func(n int) string {
		const frame = "{\"Id\":\"\",\n\t\r\n \"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}}"
		return strings.Replace(frame, `""`, `"`+strings.Repeat("ä ", n-policy.Size(frame))+`"`, 1)
	}
	largest := fill(policy.MaxSize)
	if n := policy.Size(largest); n != policy.MaxSize {
		t.Fatalf("Size = %d", n)
	}
	if _, err := policy.Parse(largest); err != nil {
		t.Error(err)
	}
	if _, err := policy.Parse(fill(policy.MaxSize + 1)); err == nil {
		t.Error("a policy above the largest size is taken")
	}
}

func TestManagedPolicies(t *testing.T) {
	t.Parallel()
	want := []string{"AmazonChimeFullAccess", "AmazonChimeReadOnly", "AmazonChimeUserManagement", "CarillonAuditor", "CarillonFullAccess"}
	got := policy.ManagedNames()
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("ManagedNames = %v, want %v", got, want)
	}
	for _, name := range got {
		document, ok := policy.Managed(name)
		if _, err := policy.Parse(document); err != nil || !ok {
			t.Errorf("%s: %v, %v", name, ok, err)
		}
	}
	for _, name := range []string{"", "AdministratorAccess", "../parse", "amazonchimefullaccess", "AmazonChimeFullAccess.json"} {
		if _, ok := policy.Managed(name); ok {
			t.Errorf("there is a managed policy %q", name)
		}
	}
}

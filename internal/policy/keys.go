package policy

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Context is what is known of a request besides what it asks for. What is empty is absent.
type Context struct {
	PrincipalARN     string     // aws:PrincipalArn
	PrincipalAccount string     // aws:PrincipalAccount
	PrincipalType    string     // aws:PrincipalType: User or Account
	UserName         string     // aws:username; not of a root
	UserID           string     // aws:userid
	UserAgent        string     // aws:UserAgent
	SourceIP         netip.Addr // aws:SourceIp
	Time             time.Time  // aws:CurrentTime and aws:EpochTime, which show its whole seconds
	Secure           bool       // aws:SecureTransport, which is never absent

	more map[string][]string // by names in lower case
}

// known is a key that a Context has a place for.
type known uint8

const (
	other known = iota
	principalARN
	principalAccount
	principalType
	userName
	userID
	userAgent
	sourceIP
	currentTime
	epochTime
	secureTransport
)

// knownKeys are in lower case, for the case of keys does not matter.
var knownKeys = map[string]known{
	"aws:principalarn":     principalARN,
	"aws:principalaccount": principalAccount,
	"aws:principaltype":    principalType,
	"aws:username":         userName,
	"aws:userid":           userID,
	"aws:useragent":        userAgent,
	"aws:sourceip":         sourceIP,
	"aws:currenttime":      currentTime,
	"aws:epochtime":        epochTime,
	"aws:securetransport":  secureTransport,
}

// key is the name of something that a request may have a value for.
type key struct {
	known
	name string // in lower case
}

func keyOf(name string) key {
	name = strings.ToLower(name)
	return key{knownKeys[name], name}
}

// validKey wants a prefix, as all of Amazon's keys have one.
func validKey(name string) bool {
	prefix, rest, ok := strings.Cut(name, ":")
	return ok && prefix != "" && rest != "" && !strings.ContainsAny(name, "*?${}'\", \t\r\n")
}

// timeForm is how the current time looks as a text.
const timeForm = "2006-01-02T15:04:05Z"

// single returns the value of a key that has one.
func (c *Context) single(k key) (string, bool) {
	switch k.known {
	case principalARN:
		return c.PrincipalARN, c.PrincipalARN != ""
	case principalAccount:
		return c.PrincipalAccount, c.PrincipalAccount != ""
	case principalType:
		return c.PrincipalType, c.PrincipalType != ""
	case userName:
		return c.UserName, c.UserName != ""
	case userID:
		return c.UserID, c.UserID != ""
	case userAgent:
		return c.UserAgent, c.UserAgent != ""
	case secureTransport:
		return strconv.FormatBool(c.Secure), true
	case other:
		if list := c.more[k.name]; len(list) == 1 {
			return list[0], true
		}
		return "", false
	}
	if !c.has(k) {
		return "", false
	}
	switch k.known {
	case sourceIP:
		return c.SourceIP.String(), true
	case currentTime:
		return c.Time.UTC().Format(timeForm), true
	}
	return strconv.FormatInt(c.Time.Unix(), 10), true
}

func (c *Context) has(k key) bool {
	switch k.known {
	case sourceIP:
		return c.SourceIP.IsValid()
	case currentTime, epochTime:
		return !c.Time.IsZero()
	case other:
		return len(c.more[k.name]) > 0
	}
	_, ok := c.single(k)
	return ok
}

// Add gives a key a value, or one value more where it is not among those that a Context names: policies can then be tried on
// requests that this server never gets.
func (c *Context) Add(name, value string) (err error) {
	if !validKey(name) {
		return fmt.Errorf("%q is no condition key; one is like aws:SourceIp", name)
	}
	switch k := keyOf(name); k.known {
	case principalARN:
		c.PrincipalARN = value
	case principalAccount:
		c.PrincipalAccount = value
	case principalType:
		c.PrincipalType = value
	case userName:
		c.UserName = value
	case userID:
		c.UserID = value
	case userAgent:
		c.UserAgent = value
	case sourceIP:
		if c.SourceIP, err = netip.ParseAddr(value); err != nil {
			return fmt.Errorf("%s must be an address like 192.0.2.7 or 2001:db8::7", name)
		}
		c.SourceIP = c.SourceIP.Unmap()
	case currentTime, epochTime:
		at, ok := parseDate(value)
		if !ok {
			return fmt.Errorf("%s %s", name, dateForm)
		}
		c.Time = time.UnixMilli(at).UTC()
	case secureTransport:
		on, ok := parseBool(value)
		if !ok {
			return fmt.Errorf("%s must be true or false", name)
		}
		c.Secure = on
	default:
		if c.more == nil {
			c.more = map[string][]string{}
		}
		c.more[k.name] = append(c.more[k.name], value)
	}
	return nil
}

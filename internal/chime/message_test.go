package chime_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/chime/chimetest"
)

func TestFindMentions(t *testing.T) {
	t.Parallel()
	first, second := chimetest.Source().NewID(), chime.ID{2}
	for content, want := range map[string]chime.Mentions{
		"hello":                             {},
		"<@" + first.String() + "|Jane> hi": {IDs: []chime.ID{first}},
		"hi <@" + strings.ToUpper(first.String()) + ">, <@" + second.String() + "|B> and <@" + first.String() + "|Jane>": {IDs: []chime.ID{first, second}},
		"<@" + first.String() + "|Jane":           {},
		"< @" + first.String() + "|Jane>":         {},
		"@" + first.String():                      {},
		"<@jane|Jane> hi":                         {},
		"@All hands":                              {All: true},
		"see you @present!":                       {Present: true},
		"<@all|All members> and @Present members": {All: true, Present: true},
		"mail@all.example.com":                    {},
		"@allison":                                {},
	} {
		if diff := cmp.Diff(want, chime.FindMentions(content)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", content, diff)
		}
	}
}

func TestPlainMentions(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]string{
		"<@0123|Helper (Bot)> hi <@all|All> <@x>": "@Helper (Bot) hi @All @x",
		"a < b > c | d": "a < b > c | d",
		"<@0123|>":      "@0123",
	} {
		if got := chime.PlainMentions(content); got != want {
			t.Errorf("PlainMentions(%q) = %q, want %q", content, got, want)
		}
	}
}

func TestNewMessage(t *testing.T) {
	t.Parallel()
	source := chimetest.Source()
	for content, ok := range map[string]bool{"": false, " \n": false, "x": true, strings.Repeat("é", 4096): true, strings.Repeat("é", 4097): false} {
		m, err := chime.NewMessage(source, 1, chime.ID{1}, chime.ID{2}, chime.ID{3}, chime.UserMember, content)
		if ok != (err == nil) || err == nil && m.Content != content || err != nil && !errors.Is(err, chime.BadRequest) {
			t.Errorf("a message of %d bytes: %v, want ok %t", len(content), err, ok)
		}
	}
}

func TestRedact(t *testing.T) {
	t.Parallel()
	clock := chimetest.NewClock()
	m := chime.Message{Content: "secret", SenderID: chime.ID{1}, SentAt: chimetest.Start}
	want := chime.Message{SenderID: chime.ID{1}, SentAt: chimetest.Start, RedactedAt: chimetest.Start}
	for _, outcome := range []chime.Outcome{chime.Changed, chime.Unchanged} {
		if got := m.Redact(clock.Source()); got != outcome || m != want {
			t.Errorf("Redact: %v, %+v; want %v, %+v", got, m, outcome, want)
		}
		clock.Move(time.Hour)
	}
}

func TestWebhookPost(t *testing.T) {
	t.Parallel()
	clock := chimetest.NewClock()
	w := chime.Webhook{ID: chime.ID{1}, RoomID: chime.ID{2}}
	for _, c := range []struct {
		after   time.Duration
		members int
		content string
		kind    error
	}{
		{0, 1000, "hello", nil},
		{999 * time.Millisecond, 1, "too soon", chime.Throttled},
		{time.Millisecond, 50, "@All hands", nil},
		{time.Second, 51, "@All hands", chime.BadRequest},
		{0, 51, "<@Present|Present members>", chime.BadRequest},
		{0, 51, "hello", nil}, // what was refused does not count
		{time.Second, 51, " ", chime.BadRequest},
	} {
		clock.Move(c.after)
		m, err := w.Post(clock.Source(), c.members, c.content)
		if !errors.Is(err, c.kind) || err == nil && (m.Content != c.content || m.SenderID != w.ID || m.PlaceID != w.RoomID || m.SenderKind != chime.WebhookMember) {
			t.Errorf("%v later %q among %d: %+v, %v; want %v", c.after, c.content, c.members, m, err, c.kind)
		}
	}
}

func TestNewWebhook(t *testing.T) {
	t.Parallel()
	source := chimetest.Source()
	r := chime.Room{}
	for have, kind := range map[int]error{9: nil, 10: chime.LimitExceeded} {
		if _, err := r.NewWebhook(source, chime.Quotas{}, have, "Alerts", by); !errors.Is(err, kind) {
			t.Errorf("a webhook beside %d: %v, want %v", have, err, kind)
		}
	}
	if _, err := r.NewWebhook(source, chime.Quotas{}, 0, " ", by); !errors.Is(err, chime.BadRequest) {
		t.Errorf("a blank name: %v, want bad request", err)
	}
}

func TestNewConversation(t *testing.T) {
	t.Parallel()
	source := chimetest.Source()
	a := chime.NewAccount(source, 1, "Example")
	many := make([]chime.ID, 51)
	for i := range many {
		many[i] = chime.ID{byte(i)}
	}
	one, two := chime.ID{1}, chime.ID{2}
	for _, c := range []struct {
		members, want []chime.ID
	}{
		{nil, nil},
		{[]chime.ID{one, one}, nil},
		{[]chime.ID{two, one, two}, []chime.ID{two, one}},
		{many[:50], many[:50]},
		{many, nil},
	} {
		got, err := a.NewConversation(source, c.members, by)
		if c.want == nil {
			if !errors.Is(err, chime.BadRequest) {
				t.Errorf("of %d: %v, want bad request", len(c.members), err)
			}
			continue
		}
		if err != nil || !cmp.Equal(c.want, got.Members) {
			t.Errorf("of %v: %+v, %v", c.members, got, err)
		}
	}
}

func TestRetention(t *testing.T) {
	t.Parallel()
	clock := chimetest.NewClock()
	source := clock.Source()
	const grace = 30 * 24 * time.Hour
	r := chime.Retention{}
	start := chimetest.Start
	for i, c := range []struct {
		rooms, conversations int
		want                 time.Time // when deletion begins, one hour passing before each step
	}{
		{0, 0, time.Time{}},
		{90, 0, start.Add(2*time.Hour + grace)},
		{90, 0, start.Add(2*time.Hour + grace)},   // the same again
		{120, 0, start.Add(2*time.Hour + grace)},  // longer
		{120, 30, start.Add(5*time.Hour + grace)}, // now conversations too
		{119, 30, start.Add(6*time.Hour + grace)}, // shorter
		{0, 30, start.Add(6*time.Hour + grace)},
		{0, 0, time.Time{}},
		{5475, 0, start.Add(9*time.Hour + grace)},
	} {
		clock.Move(time.Hour)
		r = r.Set(source, c.rooms, c.conversations)
		if r.RoomDays != c.rooms || r.ConversationDays != c.conversations || !r.DeletionAt.Equal(c.want) {
			t.Errorf("step %d: %+v, want deletion at %v", i, r, c.want)
		}
	}
	for at, want := range map[time.Time]bool{start: false, r.DeletionAt.Add(-time.Millisecond): false, r.DeletionAt: true} {
		if got := r.Deletable(at); got != want {
			t.Errorf("Deletable(%v) = %t", at, got)
		}
	}
	if (chime.Retention{RoomDays: 1}).Deletable(start) {
		t.Error("without a time of deletion something may be deleted")
	}
	if got, want := chime.HiddenBefore(start, 2), start.Add(-48*time.Hour); !got.Equal(want) || !chime.HiddenBefore(start, 0).IsZero() {
		t.Errorf("HiddenBefore = %v, want %v", got, want)
	}
}

// FuzzMentions reads anything. What is found is in the text, and a text that was made plain has no mention left but those that
// stand in a name.
func FuzzMentions(f *testing.F) {
	f.Add("<@01234567-89ab-7def-8123-456789abcdef|Jane> and @All")
	f.Add("<@<@x|y>|z>")
	f.Fuzz(func(t *testing.T, content string) {
		found := chime.FindMentions(content)
		for i, id := range found.IDs {
			if !strings.Contains(strings.ToLower(content), "<@"+id.String()) {
				t.Errorf("%q mentions %s", content, id)
			}
			for _, other := range found.IDs[:i] {
				if other == id {
					t.Errorf("%q mentions %s twice", content, id)
				}
			}
		}
		if plain := chime.PlainMentions(content); len(plain) > len(content) {
			t.Errorf("%q grew to %q", content, plain)
		}
	})
}

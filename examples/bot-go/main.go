// Bot-go is a chat bot that answers whoever mentions it. It needs the standard library only.
//
// It listens where BOT_LISTEN says and believes what is signed with BOT_SECURITY_TOKEN, as CreateBot shows it:
//
//	BOT_SECURITY_TOKEN=... BOT_LISTEN=127.0.0.1:8080 go run ./examples/bot-go
//
// Then give its address to PutEventsConfiguration and add the bot to a room with CreateRoomMembership. In production put
// it behind TLS.
package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

// maxAge is how old a request may be, so that one which was overheard cannot be sent again later.
const maxAge = 5 * time.Minute

func main() {
	listener, err := net.Listen("tcp", os.Getenv("BOT_LISTEN"))
	if err != nil {
		log.Fatal(err)
	}
	token := os.Getenv("BOT_SECURITY_TOKEN")
	if token == "" {
		log.Fatal("BOT_SECURITY_TOKEN is empty; it is what CreateBot shows as SecurityToken")
	}
	fmt.Printf("listening on http://%s/\n", listener.Addr())
	log.Fatal(http.Serve(listener, &bot{token: token}))
}

// bot answers the server's requests.
type bot struct {
	token string

	mu   sync.Mutex
	done []string // the ids of the latest events, as an event may come twice
}

// event is what the server sends: an event or, before all others, a challenge.
type event struct {
	EventType            string
	Challenge            string
	Message              string
	InboundHttpsEndpoint struct{ Url string }
}

func (b *bot) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil || !b.signed(r.Header, body) {
		http.Error(w, "not signed by the server, or too long ago", http.StatusForbidden)
		return
	}
	var e event
	if err := json.Unmarshal(body, &e); err != nil {
		http.Error(w, "not an event", http.StatusBadRequest)
		return
	}
	switch {
	case e.EventType == "HTTPSEndpointVerification":
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(map[string]string{"Challenge": e.Challenge})
	case e.EventType == "Mention" && b.first(r.Header.Get("Carillon-Event-Id")):
		go reply(e) // the answer to the event must not wait for it
	}
}

// signed reports whether a body comes from the server and is fresh.
func (b *bot) signed(header http.Header, body []byte) bool {
	timestamp := header.Get("Chime-Request-Timestamp")
	at, err := time.Parse(time.RFC3339, timestamp)
	if err != nil || time.Since(at).Abs() > maxAge {
		return false
	}
	h := hmac.New(sha256.New, []byte(b.token))
	fmt.Fprintf(h, "%s|%s", timestamp, body)
	signature, err := base64.StdEncoding.DecodeString(header.Get("Chime-Signature"))
	return err == nil && hmac.Equal(signature, h.Sum(nil))
}

// first reports whether the event has not come before.
func (b *bot) first(id string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, known := range b.done {
		if known == id {
			return false
		}
	}
	b.done = append(b.done[max(0, len(b.done)-999):], id)
	return true
}

// reply says something in the room. The URL is good for two minutes.
func reply(e event) {
	said := strings.Join(strings.Fields(e.Message), " ")
	body, err := json.Marshal(map[string]string{"Content": "You said: " + said})
	if err != nil {
		log.Print(err)
		return
	}
	client := http.Client{Timeout: 10 * time.Second}
	response, err := client.Post(e.InboundHttpsEndpoint.Url, "application/json", bytes.NewReader(body))
	if err != nil {
		log.Print("the reply was lost") // the error would show the URL, which is secret
		return
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		log.Printf("the reply was refused: %s", response.Status)
	}
}

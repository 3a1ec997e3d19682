package sigv4

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Sign signs a request as botocore does (probed): it sets X-Amz-Date and Authorization, and signs the host, every X-Amz-* header, and
// Content-Type if there is one. A signature from before is replaced. Header is made if it is nil; its names must be in canonical form.
func Sign(r *Request, accessKeyID, secret, region, service string, now time.Time) {
	if r.Header == nil {
		r.Header = make(http.Header)
	}
	now = now.UTC()
	s := Signature{AccessKeyID: accessKeyID, Date: now.Format(dateLayout), Region: region, Service: service, timestamp: now.Format(timeLayout)}
	s.scope = s.Date + "/" + region + "/" + service + "/" + terminator
	r.Header.Set("X-Amz-Date", s.timestamp)
	s.signedHeaders = toSign(r.Header)

	path, _, _ := strings.Cut(r.Target, "?")
	payload, key := sha256.Sum256(r.Body), deriveKey(secret, &s)
	signature := s.sign(&key, r, path, &payload)
	r.Header.Set("Authorization", credentialPrefix+accessKeyID+"/"+s.scope+
		separator+signedHeadersPrefix+s.signedHeaders+
		separator+signaturePrefix+hex.EncodeToString(signature[:]))
}

// toSign lists the names of the headers that Sign signs.
func toSign(h http.Header) string {
	names := []string{"host"}
	for name := range h {
		if name == "Content-Type" || isAmz(name) {
			names = append(names, strings.ToLower(name))
		}
	}
	slices.Sort(names)
	return strings.Join(names, ";")
}

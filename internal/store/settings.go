package store

import (
	"database/sql"

	"github.com/carillon-server/carillon/internal/chime"
)

// GlobalSettings are the settings of a whole tenant: where call detail records go. Nil is unset.
type GlobalSettings struct {
	BusinessCallingBucket *string
	VoiceConnectorBucket  *string
}

func scanGlobalSettings(_ *Tx, row scanner) (*GlobalSettings, error) {
	var business, voice sql.NullString
	err := row.Scan(&business, &voice)
	var s GlobalSettings
	if business.Valid {
		s.BusinessCallingBucket = &business.String
	}
	if voice.Valid {
		s.VoiceConnectorBucket = &voice.String
	}
	return &s, err
}

// GlobalSettings returns the tenant's settings; the zero value if none were made.
func (t *Tx) GlobalSettings() (*GlobalSettings, error) {
	s, err := queryRow(t, scanGlobalSettings, `
		select business_calling_cdr_bucket, voice_connector_cdr_bucket from global_settings
		where tenant = $1`,
		t.tenant)
	if s == nil && err == nil {
		s = &GlobalSettings{}
	}
	return s, err
}

// PutGlobalSettings replaces the tenant's settings.
func (t *Tx) PutGlobalSettings(s *GlobalSettings) {
	t.queue(`
		insert into global_settings (tenant, business_calling_cdr_bucket, voice_connector_cdr_bucket)
		values ($1, $2, $3)
		on conflict (tenant) do update
		set business_calling_cdr_bucket = excluded.business_calling_cdr_bucket,
			voice_connector_cdr_bucket = excluded.voice_connector_cdr_bucket`,
		t.tenant, s.BusinessCallingBucket, s.VoiceConnectorBucket)
}

func scanTelephony(_ *Tx, row scanner) (*chime.Telephony, error) {
	var s chime.Telephony
	err := row.Scan(&s.InboundCalling, &s.OutboundCalling, &s.SMS)
	return &s, err
}

// Telephony returns a user's telephony settings, or nil if the user is not there any more.
func (t *Tx) Telephony(u *chime.User) (*chime.Telephony, error) {
	return queryRow(t, scanTelephony, `
		select inbound_calling, outbound_calling, sms from users
		where tenant = $1 and account = $2 and id = $3`,
		t.tenant, u.AccountID[:], u.ID[:])
}

// UpdateTelephony replaces a user's telephony settings.
func (t *Tx) UpdateTelephony(u *chime.User, s chime.Telephony) {
	t.queue(`
		update users
		set inbound_calling = $4, outbound_calling = $5, sms = $6
		where tenant = $1 and account = $2 and id = $3`,
		t.tenant, u.AccountID[:], u.ID[:], flag(s.InboundCalling), flag(s.OutboundCalling), flag(s.SMS))
}

package main

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/carillon-server/carillon/internal/audit"
)

// auditSettings say what is recorded of who does what.
type auditSettings struct {
	Audit      string `env:"CARILLON_AUDIT" default:"on" enum:"on,off" help:"Record every change, and who made it, with the change itself (on), or nothing (off): for tests only. Default: ${default}."`
	AuditReads bool   `env:"CARILLON_AUDIT_READS" help:"Record what is read, too."`
	AuditKeep  days   `env:"CARILLON_AUDIT_KEEP" default:"0" placeholder:"DAYS" help:"How long audit records are kept, such as 90d; 0 for ever. Default: ${default}."`
}

func (s *auditSettings) level() audit.Level {
	switch {
	case s.Audit == "off":
		return audit.Off
	case s.AuditReads:
		return audit.Reads
	}
	return audit.Changes
}

// days is a time in whole days.
type days time.Duration

// maxDays is a hundred years.
const maxDays = 36525

// UnmarshalText reads a number and a d, or 0.
func (d *days) UnmarshalText(text []byte) error {
	number, isDays := strings.CutSuffix(string(text), "d")
	n, err := strconv.Atoi(number)
	if err != nil || n < 0 || n > maxDays || !isDays && n != 0 {
		return errors.New("it must be a number of days, such as 90d, or 0")
	}
	*d = days(time.Duration(n) * 24 * time.Hour)
	return nil
}

package iam

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// Session is what temporary credentials stand for.
type Session struct {
	AccessKeyID string // ASIA and 16 of A-Z2-7; set by Issue
	Account     string
	ARN         string // of the caller that uses it
	UserID      string // what GetCallerIdentity shows
	// RoleID is the unique id of the role that was assumed, and empty for sessions of users and of the root user.
	RoleID  string
	RoleARN string // with the role's path
	// UserARN is the ARN of the user that has the session, or that a federated user got it from; RoleARN or this is
	// empty.
	UserARN string
	UserUID string // unique id of that user, or the account of a root user

	Policies   []string // texts of session policies
	PolicyARNs []string // managed policies that are session policies
	Limited    bool     // what no session policy allows is denied even without any: federated users

	Tags           map[string]string // session tags, inherited ones included
	Transitive     []string          // keys of Tags that sessions made from this one inherit
	SourceIdentity string

	Issued  time.Time
	Expires time.Time
	Sealed  []byte // secret and token; set by Issue
}

// sealedSession is what is sealed of a session.
type sealedSession struct {
	Secret string
	Token  string
}

var (
	sessions = store.Table[Session]{Prefix: "iam/session/"}         // by access key id
	expiries = store.Table[struct{}]{Prefix: "iam/session-expiry/"} // <time>/<access key id>
)

// keptExpired is how long it is remembered that credentials expired, so that their users are told so.
const keptExpired = 24 * time.Hour

const expiryLayout = "2006-01-02T15:04:05.000000000Z"

func expiryKey(s *Session) string {
	return s.Expires.UTC().Add(keptExpired).Format(expiryLayout) + "/" + s.AccessKeyID
}

const (
	tokenBytes  = 192
	tokenPrefix = "IQoJb3JpZ2luX2Vj" // with which session tokens of AWS begin
)

// Issue makes temporary credentials for a session. The answer's Caller holds the access key id.
func (s *Service) Issue(ctx context.Context, session Session) (wire.Credential, error) {
	k, err := s.generate(session.Account, "ASIA")
	if err != nil {
		return wire.Credential{}, err
	}
	var random [tokenBytes]byte
	if _, err := io.ReadFull(s.cfg.Rand, random[:]); err != nil {
		return wire.Credential{}, fmt.Errorf("generate session token: %w", err)
	}
	secrets := sealedSession{Secret: k.Secret, Token: tokenPrefix + base64.StdEncoding.EncodeToString(random[:])}
	plain, err := json.Marshal(secrets)
	if err != nil {
		return wire.Credential{}, fmt.Errorf("encode session %s: %w", k.ID, err)
	}
	session.AccessKeyID = k.ID
	if session.Sealed, err = s.cfg.Sealer.Seal(plain, aad(session.Account, k.ID)); err != nil {
		return wire.Credential{}, fmt.Errorf("seal session %s: %w", k.ID, err)
	}
	err = s.cfg.State.Update(ctx, func(w store.Writer) error {
		if err := expiries.Put(w, expiryKey(&session), struct{}{}); err != nil {
			return err
		}
		return sessions.Put(w, k.ID, session)
	})
	if err != nil {
		return wire.Credential{}, fmt.Errorf("store session %s: %w", k.ID, err)
	}
	return session.credential(secrets), nil
}

func (session *Session) credential(secrets sealedSession) wire.Credential {
	return wire.Credential{Secret: secrets.Secret, Token: secrets.Token, Active: true, Expires: session.Expires,
		Caller: wire.Caller{Account: session.Account, ARN: session.ARN, UserID: session.UserID,
			AccessKeyID: session.AccessKeyID}}
}

func (s *Service) openSession(session Session) (wire.Credential, error) {
	plain, err := s.cfg.Sealer.Open(session.Sealed, aad(session.Account, session.AccessKeyID))
	if err != nil {
		return wire.Credential{}, fmt.Errorf("open session %s: %w", session.AccessKeyID, err)
	}
	var secrets sealedSession
	if err := json.Unmarshal(plain, &secrets); err != nil {
		return wire.Credential{}, fmt.Errorf("decode session %s: %w", session.AccessKeyID, err)
	}
	return session.credential(secrets), nil
}

// tickSessions bounds a transaction of Tick, so that a clock that was moved by years does not hold the store for long.
const tickSessions = 100

// Tick forgets sessions that expired a day ago. It returns when the next one is due, zero if there is none.
func (s *Service) Tick(ctx context.Context) (next time.Time, err error) {
	now := s.cfg.Clock.Now()
	for {
		var due []string
		next = time.Time{}
		err := s.cfg.State.View(ctx, func(r store.Reader) error {
			return expiries.Scan(r, "", "", func(name string, _ struct{}) (bool, error) {
				text, _, _ := strings.Cut(name, "/")
				at, err := time.Parse(expiryLayout, text)
				if err != nil {
					return false, fmt.Errorf("parse expiry of a session: %w", err)
				}
				if at.After(now) || len(due) == tickSessions {
					next = at
					return false, nil
				}
				due = append(due, name)
				return true, nil
			})
		})
		if err != nil || len(due) == 0 {
			return next, err
		}
		err = s.cfg.State.Update(ctx, func(w store.Writer) error {
			for _, name := range due {
				_, id, _ := strings.Cut(name, "/")
				if err := sessions.Delete(w, id); err != nil {
					return err
				}
				if err := expiries.Delete(w, name); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return time.Time{}, fmt.Errorf("forget expired sessions: %w", err)
		}
	}
}

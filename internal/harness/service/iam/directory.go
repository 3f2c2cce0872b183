package iam

import (
	"context"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// resolve says which user or role an AWS principal of a policy stands for. id is "" for one that has no unique id:
// an account, a federated user. known is false for a user or role that does not exist although its account does, and
// for a session of one. Accounts that nobody uses here are taken at their word.
func resolve(r store.Reader, principal string) (id string, known bool, err error) {
	if idForm.MatchString(principal) {
		_, known, err = byID(r, principal)
		return principal, known, err
	}
	field := strings.SplitN(principal, ":", 6)
	if len(field) < 6 {
		return "", true, nil // an account id or "*"
	}
	_, registered, err := accounts.Get(r, field[4])
	if err != nil || !registered {
		return "", true, err
	}
	what, rest, _ := strings.Cut(field[5], "/")
	switch what {
	case "user", "role":
		e, found, err := lookup(r, kind(what), field[4], rest[strings.LastIndexByte(rest, '/')+1:])
		if err != nil || !found || e.arn() != principal {
			return "", false, err
		}
		return e.ID, true, nil
	case "assumed-role":
		name, _, _ := strings.Cut(rest, "/")
		_, found, err := lookup(r, role, field[4], name)
		return "", found, err
	}
	return "", true, nil
}

// Resolve says which user or role each of the AWS principals of a policy stands for. ids holds those that have a
// unique id, and missing those that do not exist, in the order given. Users and roles of accounts that have never
// been used here, and accounts, exist.
//
// Source: KMS Developer Guide, "Key policies", principals must exist when a policy is written.
func (s *Service) Resolve(
	ctx context.Context, principals ...string,
) (ids map[string]string, missing []string, err error) {
	ids = map[string]string{}
	err = s.cfg.State.View(ctx, func(r store.Reader) error {
		for _, p := range principals {
			id, known, err := resolve(r, p)
			if err != nil {
				return err
			}
			switch {
			case !known:
				missing = append(missing, p)
			case id != "":
				ids[p] = id
			}
		}
		return nil
	})
	return ids, missing, err
}

// ARN is the ARN that the user, group or role with that unique id has now. found is false for one that is deleted.
func (s *Service) ARN(ctx context.Context, id string) (arn string, found bool, err error) {
	err = s.cfg.State.View(ctx, func(r store.Reader) error {
		e, ok, err := byID(r, id)
		if ok {
			arn, found = e.arn(), true
		}
		return err
	})
	return arn, found, err
}

// KnowsAccount tells whether anything of the account was ever kept here.
func (s *Service) KnowsAccount(ctx context.Context, account string) (known bool, err error) {
	err = s.cfg.State.View(ctx, func(r store.Reader) (err error) {
		_, known, err = accounts.Get(r, account)
		return err
	})
	return known, err
}

// CheckPolicy refuses a text that cannot be a session policy. The error is the service's fault.
func (s *Service) CheckPolicy(text string) error {
	if _, err := policy.ParseIdentity(text); err != nil {
		return malformed(err)
	}
	return nil
}

// HasPolicy tells whether account may use the managed policy with that ARN.
func (s *Service) HasPolicy(ctx context.Context, account, arn string) (found bool, err error) {
	if checkPolicyARN(account, arn) != nil {
		return false, nil
	}
	err = s.cfg.State.View(ctx, func(r store.Reader) (err error) {
		_, found, err = lookupPolicy(r, arn)
		return err
	})
	return found, err
}

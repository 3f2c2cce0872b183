package qldb

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/envelope"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

var (
	keyIDForm     = regexp.MustCompile(`^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$`)
	aliasForm     = regexp.MustCompile(`^alias/[a-zA-Z0-9/_-]{1,250}$`)
	accountIDForm = regexp.MustCompile(`^[0-9]{12}$`)
)

// maxARN is the longest KmsKey and ARN member.
const maxARN = 1600

// checkKeyForm refuses a KmsKey that is none of: AWS_OWNED_KMS_KEY, a key id, a key ARN, an alias name with its
// prefix, an alias ARN; or an ARN of another Region. Source: QLDB API reference, CreateLedger.
func checkKeyForm(c *wire.Call, given *string) error {
	if given == nil || *given == awsOwnedKey || keyIDForm.MatchString(*given) || aliasForm.MatchString(*given) {
		return nil
	}
	if len(*given) > maxARN {
		return constraint("KmsKey", *given, "Member must have length less than or equal to 1600")
	}
	parts := strings.SplitN(*given, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[1] != c.Partition || parts[2] != "kms" || parts[3] == "" ||
		!accountIDForm.MatchString(parts[4]) {
		return keyFormInvalid(*given)
	}
	id, isKey := strings.CutPrefix(parts[5], "key/")
	if isKey && !keyIDForm.MatchString(id) || !isKey && !aliasForm.MatchString(parts[5]) {
		return keyFormInvalid(*given)
	}
	if parts[3] != c.Region {
		return keyInOtherRegion()
	}
	return nil
}

// resolveKey turns a KmsKey whose form was checked into what a rootNode keeps: an alias is resolved here, once, and
// not followed afterwards. It refuses a key that cannot protect a ledger.
func (s *Service) resolveKey(ctx context.Context, c *wire.Call, given *string) (string, error) {
	if given == nil {
		return "", nil
	}
	if *given == awsOwnedKey {
		return awsOwnedKey, nil
	}
	key, err := s.cfg.Keys.DescribeKey(ctx, c, *given)
	if err != nil {
		return "", s.keyFault(*given, fmt.Errorf("describe key %s: %w", *given, err))
	}
	switch {
	case key.Manager != "CUSTOMER" || key.Spec != "SYMMETRIC_DEFAULT" || key.Usage != "ENCRYPT_DECRYPT":
		return "", keyUnfit()
	case key.State != "Enabled":
		return "", keyNotEnabled(key.ARN, key.State)
	}
	return key.ARN, nil
}

// keyFault turns a refusal of KMS, to a call made for the caller about the key given, into QLDB's own fault.
// An *UnaskedError becomes one that tells the user why; other errors that are no refusal stay as they are.
func (s *Service) keyFault(given string, err error) error {
	f, ok := errors.AsType[*wire.Fault](err)
	if !ok {
		return unanswered(err)
	}
	switch f.Code {
	case "NotFoundException":
		return keyMissing(given)
	case "InvalidArnException", "ValidationException":
		return keyFormInvalid(given)
	case "DisabledException":
		return keyNotEnabled(given, "Disabled")
	case "AccessDeniedException":
		return s.deniedBy(f)
	}
	said := &wire.Fault{Code: f.Code, Message: f.Message, Status: f.Status}
	if f.Code == "ThrottlingException" || f.Status >= http.StatusInternalServerError {
		said.Message = "AWS KMS answered " + f.Error() + ". Nothing was changed; try again."
	}
	return said
}

// deniedBy words KMS's refusal of the caller, f, as QLDB does.
func (s *Service) deniedBy(f *wire.Fault) error {
	id := f.Members["RequestId"]
	if id == "" {
		var err error
		if id, err = s.newRequestID(); err != nil {
			return err
		}
	}
	return keyDenied(id, f.Message)
}

// grantFault is keyFault for the calls that follow DescribeKey: the key may have changed its state in between.
func (s *Service) grantFault(ctx context.Context, c *wire.Call, keyARN string, err error) error {
	if faultCode(err) == "KMSInvalidStateException" {
		if key, describeErr := s.cfg.Keys.DescribeKey(ctx, c, keyARN); describeErr == nil {
			return keyNotEnabled(keyARN, key.State)
		}
	}
	return s.keyFault(keyARN, err)
}

// newRoot makes version of the root node nodeID of l under a resolved key, and for a customer managed key the grant
// it needs. The grant stays loose until l claims it.
func (s *Service) newRoot(
	ctx context.Context, c *wire.Call, l *ledger, key, nodeID string, version int,
) (rootNode, error) {
	n := rootNode{Key: key, Root: envelope.Root{NodeID: nodeID, NodeVersion: version}}
	if !n.customer() {
		return n, s.generate(ctx, l.Place, l.ID, &n)
	}
	var err error
	if n.GrantID, err = s.obtain(ctx, c, l, key); err != nil {
		return n, s.grantFault(ctx, c, key, err)
	}
	if err := s.generate(ctx, l.Place, l.ID, &n); err != nil {
		err = errors.Join(err, s.release(ctx, l, key))
		if faultCode(err) == "AccessDeniedException" {
			return n, serviceDenied()
		}
		return n, s.grantFault(ctx, c, key, err)
	}
	return n, nil
}

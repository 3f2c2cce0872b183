package harness

import (
	"context"
	"errors"
	"maps"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/kms"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/qldb"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// ledgerKeys is the KMS that QLDB sees: the harness's own, asked in process as the caller or as the service.
type ledgerKeys struct {
	kms *kms.Service
	now func() *wire.Call // a call that carries a request id of its own, and the time
	// observe hears of these calls, as it does of those that come over the wire.
	observe func(wire.Observation)
	faults  wire.Faults // that these calls are subject to
}

// ask makes a call of KMS and tells of it. A call that KMS could not answer is none.
func ask[In, Out any](
	ctx context.Context, k ledgerKeys, access wire.Access, c *wire.Call,
	call func(context.Context, *wire.Call, *In) (*Out, error), in *In,
) (*Out, error) {
	if t, ok := any(in).(wire.Targeter); ok {
		c.Target = t.Target()
	}
	return disturbed(ctx, k, c, func() (*Out, error) {
		out, err := call(ctx, c, in)
		fault, refused := errors.AsType[*wire.Fault](err)
		if err == nil || refused {
			o := wire.Observation{Call: c, Access: access, In: in, Fault: fault}
			if err == nil && out != nil {
				o.Out = out
			}
			k.observe(o)
		}
		return out, err
	})
}

// disturbed makes a call that faults may keep from being made, or its answer from being heard.
func disturbed[Out any](
	ctx context.Context, k ledgerKeys, c *wire.Call, call func() (Out, error),
) (out Out, err error) {
	before, after := k.faults.Inject(c)
	if before != nil {
		if err := before(ctx); err != nil {
			return out, disturbance(c, err)
		}
	}
	if out, err = call(); err != nil || after == nil {
		return out, err
	}
	if err := after(ctx); err != nil {
		var none Out
		return none, disturbance(c, err)
	}
	return out, nil
}

// disturbance is what QLDB hears when a fault ends its call of KMS with err.
func disturbance(c *wire.Call, err error) error {
	if _, ok := errors.AsType[*wire.Fault](err); ok {
		return err
	}
	return &qldb.UnaskedError{KMS: "KMS of this server", Operation: c.Operation, Err: err}
}

// via is c as KMS sees it when QLDB makes a call for c's caller.
func (k ledgerKeys) via(c *wire.Call, operation string) *wire.Call {
	as := *c
	as.RequestID, as.Trail = k.now().RequestID, wire.Trail{}
	as.Service, as.Operation, as.Action = "kms", operation, "kms:"+operation
	as.ViaService = "qldb." + c.Region + ".amazonaws.com"
	return &as
}

// itself is a call that the QLDB of a place makes for itself.
func (k ledgerKeys) itself(at qldb.Place, operation string) *wire.Call {
	c := k.now()
	c.Service, c.Operation, c.Action = "kms", operation, "kms:"+operation
	c.Partition, c.Region = at.Partition, at.Region
	c.Caller = wire.Caller{Account: at.Account, ARN: at.Principal(), Service: at.Principal()}
	c.SourceIP, c.UserAgent = at.Principal(), at.Principal()
	return c
}

// DescribeKey implements qldb.Keys.
func (k ledgerKeys) DescribeKey(ctx context.Context, c *wire.Call, keyID string) (qldb.KeyInfo, error) {
	out, err := ask(ctx, k, wire.Read, k.via(c, "DescribeKey"), k.kms.DescribeKey, &kms.DescribeKeyInput{KeyID: &keyID})
	if err != nil {
		return qldb.KeyInfo{}, err
	}
	m := out.KeyMetadata
	return qldb.KeyInfo{
		ARN: m.ARN, Manager: m.KeyManager, Spec: m.KeySpec, Usage: m.KeyUsage, State: m.KeyState,
	}, nil
}

// CreateGrant implements qldb.Keys.
func (k ledgerKeys) CreateGrant(ctx context.Context, c *wire.Call, g qldb.Grant) (string, error) {
	out, err := ask(ctx, k, wire.Write, k.via(c, "CreateGrant"), k.kms.CreateGrant, &kms.CreateGrantInput{
		KeyID: &g.KeyARN, Name: &g.Name, GranteePrincipal: &g.Grantee, RetiringPrincipal: &g.Retiring,
		Operations: g.Operations,
	})
	if err != nil {
		return "", err
	}
	return out.GrantID, nil
}

// FindGrants implements qldb.Keys.
func (k ledgerKeys) FindGrants(ctx context.Context, at qldb.Place, keyARN, name string) ([]string, error) {
	c := k.itself(at, "ListRetirableGrants")
	c.Target = keyARN
	return disturbed(ctx, k, c, func() ([]string, error) { return k.kms.GrantsNamed(ctx, c, keyARN, name) })
}

// RetireGrant implements qldb.Keys.
func (k ledgerKeys) RetireGrant(ctx context.Context, at qldb.Place, keyARN, grantID string) error {
	_, err := ask(ctx, k, wire.Write, k.itself(at, "RetireGrant"), k.kms.RetireGrant,
		&kms.RetireGrantInput{KeyID: &keyARN, GrantID: &grantID})
	return err
}

// GenerateDataKey implements qldb.Keys.
func (k ledgerKeys) GenerateDataKey(
	ctx context.Context, at qldb.Place, keyARN string, encryptionContext map[string]string,
) (qldb.DataKey, error) {
	size := 32
	out, err := ask(ctx, k, wire.Read, k.itself(at, "GenerateDataKey"), k.kms.GenerateDataKey, &kms.GenerateDataKeyInput{
		KeyID: &keyARN, NumberOfBytes: &size, EncryptionContext: encryptionContext,
	})
	if err != nil {
		return qldb.DataKey{}, err
	}
	return qldb.DataKey{Plaintext: out.Plaintext, Ciphertext: out.CiphertextBlob}, nil
}

// Decrypt implements qldb.Keys.
func (k ledgerKeys) Decrypt(
	ctx context.Context, at qldb.Place, keyARN string, ciphertext []byte, encryptionContext map[string]string,
) ([]byte, error) {
	out, err := ask(ctx, k, wire.Read, k.itself(at, "Decrypt"), k.kms.Decrypt, &kms.DecryptInput{
		KeyID: &keyARN, CiphertextBlob: ciphertext, EncryptionContext: encryptionContext,
	})
	if err != nil {
		return nil, err
	}
	return out.Plaintext, nil
}

// DecryptAs implements qldb.Keys.
func (k ledgerKeys) DecryptAs(
	ctx context.Context, c *wire.Call, ciphertext []byte, encryptionContext map[string]string,
) error {
	as := k.via(c, "Decrypt")
	out, err := ask(ctx, k, wire.Read, as, k.kms.Decrypt, &kms.DecryptInput{
		CiphertextBlob: ciphertext, EncryptionContext: encryptionContext,
	})
	if err != nil {
		return withRequestID(err, as.RequestID)
	}
	clear(out.Plaintext)
	return nil
}

// withRequestID adds the id of the call to the fault that answers it, which QLDB quotes.
func withRequestID(err error, id string) error {
	fault, ok := errors.AsType[*wire.Fault](err)
	if !ok {
		return err
	}
	named := *fault
	named.Members = maps.Clone(fault.Members)
	if named.Members == nil {
		named.Members = map[string]string{}
	}
	named.Members["RequestId"] = id
	return &named
}

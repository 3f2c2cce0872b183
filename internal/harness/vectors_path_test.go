package harness_test

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
	qldbtypes "github.com/aws/aws-sdk-go-v2/service/qldb/types"
)

// A path is how a client brings about what a vector supposes.
type path string

const (
	direct     path = "as they are"
	throughAWS path = "through QLDB, as the trail tells"
	noFactor   path = "as a user, whose own access key says nothing of a second factor"
	madeAnew   path = "as a role made anew after the policy was put"
	disabled   path = "with a disabled key, as KMS says only to those whom it allows"
)

func (v *vector) path() path {
	switch all := strings.Join(slices.Concat(v.lines["key"], v.lines["context"]), "\n"); {
	case strings.Contains(strings.Join(v.lines["context"], "\n"), "kms:ViaService="):
		return throughAWS
	case strings.Contains(all, "MultiFactorAuth"):
		return noFactor
	case strings.Contains(all, "AROAOLD"), strings.HasPrefix(v.name, "EV-59"):
		return madeAnew
	case strings.HasPrefix(v.name, "EV-65"):
		return disabled
	}
	return direct
}

// region is where the key of the vector is: that of the service that calls for somebody, since a service asks the KMS
// of its own Region alone.
func (v *vector) region() string {
	for _, line := range v.lines["context"] {
		if host, found := strings.CutPrefix(line, "kms:ViaService=qldb."); found {
			return strings.TrimSuffix(host, ".amazonaws.com")
		}
	}
	return "eu-west-2"
}

// prepare changes of the vector what the path asks for.
func (v *vector) prepare() {
	switch v.way = v.path(); v.way {
	case throughAWS: // QLDB must let the caller in, and asks for DescribeKey before CreateGrant
		if v.lines["identity"] != nil && v.lines["identity"][0] == "none" {
			v.lines["identity"] = nil
		}
		v.lines["identity"] = append(v.lines["identity"], "Allow qldb:*")
		if v.lines["request"][0] == "kms:CreateGrant" {
			role, _, _ := strings.Cut(strings.TrimPrefix(v.lines["caller"][0], "s("), "/")
			v.lines["key"] = append(v.lines["key"], "Allow r("+role+") kms:DescribeKey")
		}
	case noFactor:
		v.lines["caller"] = []string{"u(alice)"}
		for i, line := range v.lines["key"] {
			v.lines["key"][i] = strings.Replace(line, "r(ledger-admin)", "u(alice)", 1)
		}
	case madeAnew:
		for i, line := range v.lines["key"] {
			v.lines["key"][i] = strings.Replace(line, "AROAOLDROLEOLDROLE00", "r(ledger-reader)", 1)
		}
	}
}

// remake deletes the role ledger-reader and makes another of the name.
func (c cast) remake() {
	c.t.Helper()
	client, name := iam.NewFromConfig(c.root()), aws.String("ledger-reader")
	_, err := client.DeleteRole(c.t.Context(), &iam.DeleteRoleInput{RoleName: name})
	if err == nil {
		_, err = client.CreateRole(c.t.Context(), &iam.CreateRoleInput{
			RoleName: name, AssumeRolePolicyDocument: aws.String(trustAll),
		})
	}
	if err != nil {
		c.t.Fatal(err)
	}
}

// through has QLDB make the request of the vector for its caller, and returns what KMS answered.
func (c cast) through(v *vector, key string) string {
	c.t.Helper()
	put := func(lines []string) {
		c.t.Helper()
		_, err := kms.NewFromConfig(v.in(c.root())).PutKeyPolicy(c.t.Context(), &kms.PutKeyPolicyInput{
			KeyId: &key, Policy: aws.String(document(lines, key, true)), BypassPolicyLockoutSafetyCheck: true,
		})
		if err != nil {
			c.t.Fatal(err)
		}
	}
	operation := strings.TrimPrefix(v.lines["request"][0], "kms:")
	caller := v.in(c.caller(v, key))
	var err error
	if operation == "Decrypt" {
		put([]string{"Allow root(A) kms:*"})
		c.ledger(key)
		put(v.lines["key"])
		err = c.run(caller, "SELECT * FROM Test")
	} else {
		put(v.lines["key"])
		_, err = qldb.NewFromConfig(caller).CreateLedger(c.t.Context(), &qldb.CreateLedgerInput{
			Name: aws.String("orders"), PermissionsMode: qldbtypes.PermissionsModeStandard, KmsKey: &key,
		})
		advance(c.t, c.h, 2*time.Second)
	}
	got := c.answered(v, operation)
	if (err != nil) != (got != "ok") {
		c.t.Errorf("KMS told QLDB %s, QLDB told the caller %s", got, said(err))
	}
	return got
}

func (v *vector) in(cfg aws.Config) aws.Config {
	cfg.Region = v.region()
	return cfg
}

// answered is what KMS said to QLDB when it called for the vector's caller, by the trail of the caller's account.
func (c cast) answered(v *vector, operation string) string {
	c.t.Helper()
	arn, reader := long(v.lines["caller"][0], "")[0], c.root()
	if strings.Contains(arn, foreigner) {
		reader = c.with(aForeigner, devSecret, "")
	}
	for _, e := range c.events(v.in(reader), types.LookupAttributeKeyEventName, operation) {
		var record struct {
			UserIdentity struct {
				ARN       string `json:"arn"`
				InvokedBy string `json:"invokedBy"`
			} `json:"userIdentity"`
			ErrorCode    string `json:"errorCode"`
			ErrorMessage string `json:"errorMessage"`
		}
		if err := json.Unmarshal([]byte(*e.CloudTrailEvent), &record); err != nil {
			c.t.Fatal(err)
		}
		switch by := record.UserIdentity; {
		case by.ARN != arn || by.InvokedBy != "qldb.amazonaws.com":
		case record.ErrorCode == "":
			return "ok"
		default: // the trail leaves "Exception" out
			return strings.Replace(record.ErrorCode, "AccessDenied", "AccessDeniedException", 1) + ": " + record.ErrorMessage
		}
	}
	c.t.Fatalf("the trail has no %s that QLDB asked for %s", operation, arn)
	return ""
}

package protectedledger_test

import (
	"context"
	"flag"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/acctest"
)

var update = flag.Bool("update", false, "write the golden files")

// What differs from run to run.
var passing = []struct {
	form *regexp.Regexp
	name string
}{
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`), "<id>"},
	{regexp.MustCompile(`request id [^)]+\)`), "request id <id>)"},
	{regexp.MustCompile(`20\d\d-\d\d-\d\dT[0-9:.]+Z`), "<time>"},
	{regexp.MustCompile(`(Waited|waiting) \d+[hms0-9]*s`), "$1 <duration>"},
	{regexp.MustCompile(`(?m)^( +)~ (\w+ +)= (".*") -> ""$`), "$1- $2= $3 -> null"}, // how OpenTofu shows what goes
}

func normal(text string) string {
	for _, p := range passing {
		text = p.form.ReplaceAllString(text, p.name)
	}
	return text + "\n"
}

// TestTexts prints every diagnostic as it comes out of the protocol and compares it with its golden file. Read the
// files: they are what users see.
func TestTexts(t *testing.T) {
	t.Parallel()
	for name, scene := range scenes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := scene(newBench(t, acctest.WithTiming(acctest.Timing{KeyCache: hour})))
			if len(o.diags) == 0 {
				t.Fatal("no diagnostics")
			}
			for _, d := range o.diags {
				if len(d.Summary) > 70 {
					t.Errorf("summary of %d characters: %s", len(d.Summary), d.Summary)
				}
			}
			compareGolden(t, name, normal(o.text()))
		})
	}
}

func compareGolden(t *testing.T, name, got string) {
	t.Helper()
	acctest.CompareGolden(t, filepath.Join("testdata", strings.ReplaceAll(name, " ", "_")+".golden"), got, *update)
}

var scenes = map[string]func(*bench) outcome{
	"plan swap to a new generation": func(b *bench) outcome {
		st := b.mustApply(own("orders", nil), nil)
		return b.plan(own("orders", obj{
			"generation": 2, "policy": policyText("p"), "old_key": "schedule_deletion", "deletion_window_in_days": 14,
		}), st)
	},
	"plan swap to a referenced key": func(b *bench) outcome {
		st := b.mustApply(own("orders", nil), nil)
		b.newAlias("alias/shared", b.newKey(nil))
		cfg := obj{"name": "orders", "kms_key": "alias/shared", "wait_for_key_change": false}
		return b.plan(cfg, st)
	},
	"plan alias not known yet": func(b *bench) outcome {
		st := b.mustApply(own("orders", nil), nil)
		b.serve(nil)
		return b.plan(obj{"name": "orders", "kms_key": "alias/shared"}, st)
	},
	"plan swap to the AWS owned key": func(b *bench) outcome {
		st := b.mustApply(obj{"name": "orders", "kms_key": b.newKey(nil)}, nil)
		return b.plan(obj{"name": "orders", "timeouts": obj{"update": "90m"}}, st)
	},
	"plan moved alias": func(b *bench) outcome {
		b.newAlias("alias/shared", b.newKey(nil))
		cfg := obj{"name": "orders", "kms_key": "alias/shared"}
		st := b.mustApply(cfg, nil)
		b.moveAlias("alias/shared", b.newKey(nil))
		return b.plan(cfg, st)
	},
	"plan unknown key": func(b *bench) outcome {
		return b.plan(obj{"name": "orders", "kms_key": "alias/missing"}, nil)
	},
	"plan key not checked": func(b *bench) outcome {
		arn := b.newKey(nil)
		b.refuse("DescribeKey")
		return b.plan(obj{"name": "orders", "kms_key": arn}, nil)
	},
	"plan key of another type": func(b *bench) outcome {
		return b.plan(obj{"name": "orders", "kms_key": b.newKey(&kms.CreateKeyInput{
			KeySpec: kmstypes.KeySpecRsa2048, KeyUsage: kmstypes.KeyUsageTypeSignVerify,
		})}, nil)
	},
	"plan key in another Region": func(b *bench) outcome {
		return b.plan(obj{"name": "orders", "kms_key": strings.Replace(keyOne, "eu-west-2", "us-east-1", 1)}, nil)
	},
	"plan disabled key": func(b *bench) outcome {
		arn := b.newKey(nil)
		b.disableKey(arn)
		return b.plan(obj{"name": "orders", "kms_key": arn}, nil)
	},
	"plan adopt": func(b *bench) outcome {
		return b.plan(own("orders", obj{"adopt": b.newKey(nil), "policy": policyText("p")}), nil)
	},
	"plan adopt a key that cannot rotate": func(b *bench) outcome {
		arn := b.newKey(&kms.CreateKeyInput{Origin: kmstypes.OriginTypeExternal})
		return b.plan(own("orders", obj{"adopt": arn}), nil)
	},
	"plan adopt under the same generation": func(b *bench) outcome {
		st := b.mustApply(own("orders", nil), nil)
		return b.plan(own("orders", obj{"adopt": b.newKey(nil)}), st)
	},
	"plan lower generation": func(b *bench) outcome {
		st := b.mustApply(own("orders", obj{"generation": 3}), nil)
		return b.plan(own("orders", obj{"generation": 2}), st)
	},
	"plan rename protected": func(b *bench) outcome {
		return b.plan(obj{"name": "bills"}, b.mustApply(obj{"name": "orders"}, nil))
	},
	"plan rename unprotected": func(b *bench) outcome {
		st := b.mustApply(obj{"name": "orders", "deletion_protection": false}, nil)
		return b.plan(obj{"name": "bills", "deletion_protection": false}, st)
	},
	"plan other Region": func(b *bench) outcome {
		return b.plan(obj{"name": "orders", "region": "eu-west-1"}, b.mustApply(obj{"name": "orders"}, nil))
	},
	"plan destroy protected": func(b *bench) outcome { return b.plan(nil, b.mustApply(obj{"name": "orders"}, nil)) },
	"plan destroy": func(b *bench) outcome {
		st := b.mustApply(own("orders", nil), nil)
		return b.plan(nil, b.mustApply(own("orders", obj{"generation": 2}), st))
	},
	"plan ledger gone": func(b *bench) outcome {
		st := b.mustApply(own("orders", nil), nil)
		b.deleteLedger("orders")
		return b.plan(own("orders", nil), b.refreshed(st))
	},
	"plan ledger never made": func(b *bench) outcome {
		b.refuse("CreateLedger")
		st := b.apply(own("orders", nil), nil).state
		b.ClearFaults()
		return b.plan(own("orders", nil), b.refreshed(st))
	},
	"plan enable key": func(b *bench) outcome {
		st := b.mustApply(own("orders", nil), nil)
		b.disableKey(st["kms_key_arn"].(string))
		return b.plan(own("orders", nil), b.refreshed(st))
	},
	"plan cancel deletion": func(b *bench) outcome {
		st := b.mustApply(own("orders", nil), nil)
		b.scheduleKey(st["kms_key_arn"].(string))
		return b.plan(own("orders", nil), b.refreshed(st))
	},
	"plan too many tags": func(b *bench) outcome {
		tags := obj{}
		for i := range 49 {
			tags[fmt.Sprintf("t%d", i)] = "x"
		}
		return b.plan(obj{"name": "orders", "tags": tags}, nil)
	},
	"create key refused": func(b *bench) outcome {
		b.refuse("CreateKey")
		return b.apply(own("orders", nil), nil)
	},
	"create alias refused": func(b *bench) outcome {
		b.refuse("CreateAlias")
		return b.apply(own("orders", nil), nil)
	},
	"create alias taken": func(b *bench) outcome {
		b.newAlias("alias/qldb-orders", b.newKey(nil))
		return b.apply(own("orders", nil), nil)
	},
	"create ledger refused": func(b *bench) outcome {
		b.refuse("CreateLedger")
		return b.apply(own("orders", nil), nil)
	},
	"create ledger refused with an adopted key": func(b *bench) outcome {
		b.refuse("CreateLedger")
		o := b.apply(own("orders", obj{"adopt": b.newKey(nil)}), nil)
		o.diags = o.diags[len(o.diags)-1:]
		return o
	},
	"create ledger without key refused": func(b *bench) outcome {
		b.refuse("CreateLedger")
		return b.apply(obj{"name": "orders"}, nil)
	},
	"create ledger exists": func(b *bench) outcome {
		b.newLedger("orders", "")
		return b.apply(own("orders", nil), nil)
	},
	"create not verified": func(b *bench) outcome {
		b.Fault(acctest.Fault{
			Operation: "DescribeLedger", Kind: "error", Code: "AccessDeniedException", Message: "not allowed here", Skip: 1,
		})
		return b.apply(own("orders", nil), nil)
	},
	"read key disabled": func(b *bench) outcome {
		st := b.mustApply(own("orders", nil), nil)
		b.disableKey(st["kms_key_arn"].(string))
		b.Probe()
		b.settle()
		return b.refresh(st)
	},
	"read key scheduled for deletion": func(b *bench) outcome {
		st := b.mustApply(own("orders", nil), nil)
		b.scheduleKey(st["kms_key_arn"].(string))
		return b.refresh(st)
	},
	"read referenced key disabled": func(b *bench) outcome {
		st := b.mustApply(obj{"name": "orders", "kms_key": b.newKey(nil)}, nil)
		b.disableKey(st["kms_key_arn"].(string))
		return b.refresh(st)
	},
	"read in part": func(b *bench) outcome {
		st := b.mustApply(own("orders", nil), nil)
		b.refuse("GetKeyPolicy")
		return b.refresh(st)
	},
	"read refused": func(b *bench) outcome {
		st := b.mustApply(own("orders", nil), nil)
		b.refuse("DescribeLedger")
		return b.refresh(st)
	},
	"update policy refused": func(b *bench) outcome {
		st := b.mustApply(own("orders", nil), nil)
		b.refuse("PutKeyPolicy")
		return b.apply(own("orders", obj{"policy": policyText("p")}), st)
	},
	"update new key refused": func(b *bench) outcome {
		st := b.mustApply(own("orders", nil), nil)
		b.refuse("UpdateLedger")
		return b.lastError(b.apply(own("orders", obj{"generation": 2}), st))
	},
	"update protection refused": func(b *bench) outcome {
		st := b.mustApply(obj{"name": "orders"}, nil)
		b.refuse("UpdateLedger")
		return b.apply(obj{"name": "orders", "deletion_protection": false}, st)
	},
	"update ledger vanished": func(b *bench) outcome {
		st := b.mustApply(own("orders", nil), nil)
		b.deleteLedger("orders")
		return b.apply(own("orders", obj{"description": "x"}), st)
	},
	"delete protected by the service": func(b *bench) outcome {
		st := b.mustApply(obj{"name": "orders", "key": obj{}}, nil)
		return b.lastError(b.apply(nil, with(st, "deletion_protection", false)))
	},
	"delete refused": func(b *bench) outcome {
		st := b.mustApply(own("orders", nil), nil)
		b.refuse("DeleteLedger")
		return b.lastError(b.apply(nil, st))
	},
	"delete key refused": func(b *bench) outcome {
		st := b.mustApply(own("orders", nil), nil)
		b.refuse("ScheduleKeyDeletion")
		return b.lastError(b.apply(nil, st))
	},
	"delete key in use": func(b *bench) outcome {
		st := b.mustApply(own("orders", nil), nil)
		b.newLedger("other", st["kms_key_arn"].(string))
		return b.lastError(b.apply(nil, st))
	},
	"delete adopted key kept": func(b *bench) outcome {
		b.refuse("CreateLedger")
		st := b.apply(own("orders", obj{"adopt": b.newKey(nil)}), nil).state
		b.ClearFaults()
		return b.destroyWithoutPlan(st)
	},
	"import not understood": func(b *bench) outcome {
		return outcome{diags: b.importRequest("ledger:orders", nil).Diagnostics}
	},
	"move of a key": func(b *bench) outcome {
		return outcome{diags: b.move(awsProvider, "aws_kms_key", "{}").Diagnostics}
	},
	"provider not configured": func(b *bench) outcome {
		b.serve(nil)
		return b.apply(own("orders", nil), nil)
	},
	"validate": func(b *bench) outcome {
		return b.validate(obj{
			"name": "orders", "permissions_mode": "ALLOW_ALL", "tags": obj{"qldbkms:x": "y"}, "key": obj{
				"alias": "alias/aws/orders", "enable_key_rotation": false, "rotation_period_in_days": 90,
				"deletion_window_in_days": 7, "enabled": false,
			},
		})
	},
}

// lastError leaves out what the plan says; other scenes show that.
func (b *bench) lastError(o outcome) outcome {
	o.diags = o.diags[len(o.diags)-1:]
	return o
}

// The scenes that need slow transitions.
func TestSlowTexts(t *testing.T) {
	t.Parallel()
	slow := acctest.Timing{LedgerCreate: hour, LedgerDelete: hour, KeyChange: hour}
	for name, scene := range map[string]func(*bench) outcome{
		"create interrupted": func(b *bench) outcome {
			ctx, cancel := context.WithCancel(b.t.Context())
			b.clock.each(func(time.Duration) { cancel() })
			return b.applyContext(ctx, own("orders", nil), nil)
		},
		"create timeout": func(b *bench) outcome { return b.apply(own("orders", nil), nil) },
		"update timeout": func(b *bench) outcome {
			st := b.ready(own("orders", nil))
			return b.lastError(b.apply(own("orders", obj{"generation": 2}), st))
		},
		"update inaccessible": func(b *bench) outcome {
			st := b.ready(own("orders", nil))
			once := false
			b.clock.each(func(time.Duration) {
				if !once {
					once = true
					b.disableKey(st["kms_key_arn"].(string))
					b.Probe()
				}
			})
			return b.lastError(b.apply(own("orders", obj{"generation": 2}), st))
		},
		"delete timeout": func(b *bench) outcome {
			return b.lastError(b.apply(nil, b.ready(own("orders", nil))))
		},
		"read deleting": func(b *bench) outcome {
			return b.refresh(b.apply(nil, b.ready(own("orders", nil))).state)
		},
		"plan deleting": func(b *bench) outcome {
			return b.plan(own("orders", nil), b.refreshed(b.apply(nil, b.ready(own("orders", nil))).state))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			compareGolden(t, name, normal(scene(newBench(t, acctest.WithTiming(slow))).text()))
		})
	}
}

const hour = time.Hour

// ready makes a ledger and lets the slow creation pass.
func (b *bench) ready(cfg obj) obj {
	b.t.Helper()
	b.clock.each(func(time.Duration) { b.Advance(hour) })
	st := b.mustApply(cfg, nil)
	b.clock.each(func(time.Duration) {})
	return st
}

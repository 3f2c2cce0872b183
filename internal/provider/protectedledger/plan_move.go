package protectedledger

import (
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

type moveKind int

const (
	stays moveKind = iota // the ledger keeps its key
	moves                 // the ledger gets another key
	maybe                 // not known until apply
)

// A move is which key the plan puts the ledger under.
type move struct {
	Kind   moveKind
	From   types.String // the former key
	To     types.String // key ARN or AWS_OWNED_KMS_KEY
	Reason types.String
	NewKey bool // the key is made by this apply
}

// decideMove compares the key that the configuration asks for with the key the ledger has. p has its defaults.
func decideMove(p, st model, f facts) (move, []finding) {
	var mv move
	var list []finding
	switch {
	case p.KeyUnknown || p.KMSKey.IsUnknown():
		mv = unknownMove()
	case p.Key != nil:
		mv, list = moveToOwn(p, st, f)
	case p.KMSKey.IsNull() || p.KMSKey.ValueString() == awsOwned:
		mv = move{Kind: moves, To: types.StringValue(awsOwned), Reason: types.StringValue("to the AWS owned key")}
	default:
		mv = moveToReferenced(p, st, f)
	}
	if !st.exists() || replaces(p, st) {
		mv.Kind = stays // nothing is there to be moved
		return mv, list
	}
	mv.From = st.KMSKeyARN
	if mv.Kind == moves && mv.To.Equal(st.KMSKeyARN) {
		if st.ownKey() == "" || mv.To.Equal(st.Key.ARN) {
			return move{Kind: stays, To: mv.To}, list
		}
		// The service has the new key already: an apply was cut off before it could save. What is left to do is the same.
		mv.From = st.Key.ARN
		return mv, list
	}
	if mv.Kind == moves && st.KMSKeyARN.ValueString() == awsOwned {
		mv.Reason = types.StringValue("from the AWS owned key to " + kindOfKey(p))
	}
	return mv, list
}

func unknownMove() move {
	return move{Kind: maybe, To: types.StringUnknown(), Reason: types.StringUnknown()}
}

func kindOfKey(p model) string {
	if p.Key != nil {
		return "the ledger's own key"
	}
	return "a referenced key"
}

// moveToReferenced compares the key or alias that kms_key names now.
func moveToReferenced(p, st model, f facts) move {
	name := p.KMSKey.ValueString()
	to := types.StringUnknown()
	switch {
	case f.Target != nil && f.Target.ARN != "":
		to = types.StringValue(f.Target.ARN)
	case strings.Contains(name, ":key/"):
		to = types.StringValue(name)
	case p.KMSKey.Equal(st.KMSKey) && !st.KMSKeyARN.IsNull():
		to = st.KMSKeyARN // could not be asked; the name is the one the ledger was put under
	default:
		return unknownMove()
	}
	reason := "kms_key names another key"
	switch {
	case st.Key != nil:
		reason = "from the ledger's own key to a referenced key"
	case p.KMSKey.Equal(st.KMSKey) && isAlias(name):
		reason = fmt.Sprintf("%s now points to another key", name)
	case p.KMSKey.Equal(st.KMSKey):
		reason = "the ledger was moved to another key outside Terraform"
	}
	return move{Kind: moves, To: to, Reason: types.StringValue(reason)}
}

// moveToOwn decides which key is the one of the configured generation.
func moveToOwn(p, st model, f facts) (move, []finding) {
	k := *p.Key
	if k.Generation.IsUnknown() || k.Adopt.IsUnknown() {
		return unknownMove(), nil
	}
	same := st.Key != nil && st.Key.Generation.Equal(k.Generation) && !st.Key.ARN.IsNull()
	if same {
		mv := move{Kind: moves, To: st.Key.ARN,
			Reason: types.StringValue("the ledger was moved to another key outside Terraform")}
		return mv, adoptWithoutGeneration(p, st, f)
	}
	mv := move{Kind: moves, Reason: types.StringValue(ownReason(p, st))}
	kept, isKept := st.retainedGeneration(k.Generation.ValueInt64())
	switch {
	case !k.Adopt.IsNull() && (st.Key == nil || !k.Adopt.Equal(st.Key.Adopt)):
		if f.Adopt == nil || f.Adopt.ARN == "" {
			return unknownMove(), nil
		}
		mv.To = types.StringValue(f.Adopt.ARN)
	case isKept:
		mv.To = kept.ARN
	case f.Generation != nil && f.Generation.ARN == st.KMSKeyARN.ValueString() && f.Generation.ARN != "":
		mv.To = st.KMSKeyARN
	case st.Key != nil && k.Generation.ValueInt64() < st.Key.Generation.ValueInt64():
		mv.To, mv.NewKey = types.StringUnknown(), true
		return mv, []finding{failure(path.Root("key").AtName("generation"), "No key of that generation",
			fmt.Sprintf("Generation %d is lower than the current %d, and retained_keys has no key of generation %d to go back "+
				"to. Raise the generation to %d for a new key, or leave it at %d.", k.Generation.ValueInt64(),
				st.Key.Generation.ValueInt64(), k.Generation.ValueInt64(), st.Key.Generation.ValueInt64()+1,
				st.Key.Generation.ValueInt64()))}
	default:
		mv.To, mv.NewKey = types.StringUnknown(), true
	}
	return mv, nil
}

func ownReason(p, st model) string {
	if st.Key == nil {
		return "from a referenced key to the ledger's own key"
	}
	from, to := st.Key.Generation.ValueInt64(), p.Key.Generation.ValueInt64()
	if to < from {
		return fmt.Sprintf("generation set back from %d to %d", from, to)
	}
	return fmt.Sprintf("generation raised from %d to %d", from, to)
}

// adoptWithoutGeneration refuses another key to adopt under the number of the key the ledger has.
func adoptWithoutGeneration(p, st model, f facts) []finding {
	if p.Key.Adopt.IsNull() || p.Key.Adopt.Equal(st.Key.Adopt) || f.Adopt == nil || f.Adopt.ARN == "" ||
		f.Adopt.ARN == st.Key.ARN.ValueString() {
		return nil
	}
	n := st.Key.Generation.ValueInt64()
	return []finding{failure(path.Root("key").AtName("adopt"), "Another key under the same generation", fmt.Sprintf(
		"Generation %d of this ledger is key %s. To move the ledger to %s, also set generation = %d.",
		n, keyID(st.Key.ARN.ValueString()), f.Adopt.ARN, n+1))}
}

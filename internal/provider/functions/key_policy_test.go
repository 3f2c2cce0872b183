package functions_test

import (
	"math/big"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

func TestPolicyCheckArguments(t *testing.T) {
	t.Parallel()
	check(t, "policy_check", []row{
		{name: "account", arguments: []string{"{}", "11122223333", "eu-west-2"}, blames: 1, says: "12 digits"},
		{name: "region", arguments: []string{"{}", "111122223333", "London"}, blames: 2, says: `region "London"`},
	})
}

func str(s string) tftypes.Value { return tftypes.NewValue(tftypes.String, s) }

func object(members map[string]tftypes.Value) tftypes.Value {
	of := map[string]tftypes.Type{}
	for name, v := range members {
		of[name] = v.Type()
	}
	return tftypes.NewValue(tftypes.Object{AttributeTypes: of}, members)
}

// What is wrong with a member is said with its name; a member that is null is as if it were not there.
func TestKeyPolicyMembers(t *testing.T) {
	t.Parallel()
	tuple := func(elements ...tftypes.Value) tftypes.Value {
		var of []tftypes.Type
		for _, e := range elements {
			of = append(of, e.Type())
		}
		return tftypes.NewValue(tftypes.Tuple{ElementTypes: of}, elements)
	}
	set := tftypes.Set{ElementType: tftypes.String}
	for name, c := range map[string]struct {
		member string
		value  tftypes.Value
		says   string // "" for a policy
	}{
		"a set":      {"users", tftypes.NewValue(set, []tftypes.Value{str("arn:aws:iam::111122223333:role/x")}), ""},
		"null":       {"users", tftypes.NewValue(set, nil), ""},
		"misspelt":   {"user", str("x"), `unknown member "user": there are account_id`},
		"no list":    {"users", str("x"), "member users is no list"},
		"a number":   {"users", tuple(tftypes.NewValue(tftypes.Number, big.NewFloat(1))), "element 0 that is no string"},
		"a session":  {"users", tuple(str("arn:aws:sts::111122223333:assumed-role/x/n")), "give the ARN of its role"},
		"no bool":    {"account_root", str("yes"), "member account_root is neither true nor false"},
		"nobody":     {"account_root", tftypes.NewValue(tftypes.Bool, false), "two administrators"},
		"no account": {"account_id", str("1"), `account "1"`},
		"no JSON":    {"extra_statements", tuple(str("{")), "element 0 is no JSON object"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			members := map[string]tftypes.Value{"account_id": str("111122223333"), "region": str("eu-west-2")}
			members[c.member] = c.value
			argument, err := tfprotov6.NewDynamicValue(tftypes.DynamicPseudoType, object(members))
			if err != nil {
				t.Fatal(err)
			}
			resp, err := newServer().CallFunction(t.Context(), &tfprotov6.CallFunctionRequest{
				Name: "key_policy", Arguments: []*tfprotov6.DynamicValue{&argument},
			})
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case c.says == "" && resp.Error != nil:
				t.Errorf("error: %s", resp.Error.Text)
			case c.says != "" && (resp.Error == nil || !strings.Contains(resp.Error.Text, c.says)):
				t.Errorf("got %+v, want an error that says %q", resp.Error, c.says)
			}
		})
	}
}

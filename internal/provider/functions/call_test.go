package functions_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/acctest"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/functions"
)

func TestMain(m *testing.M) { acctest.Main(m) }

func newServer() tfprotov6.ProviderServer {
	return providerserver.NewProtocol6(provider.New("test")())()
}

// call calls a function as Terraform does, of a provider that is not configured. The result is a string, a bool or a
// map of strings.
func call(t *testing.T, name string, arguments ...string) (any, *tfprotov6.FunctionError) {
	t.Helper()
	var encoded []*tfprotov6.DynamicValue
	for _, a := range arguments {
		v, err := tfprotov6.NewDynamicValue(tftypes.String, tftypes.NewValue(tftypes.String, a))
		if err != nil {
			t.Fatalf("encode an argument: %v", err)
		}
		encoded = append(encoded, &v)
	}
	server := newServer()
	list, err := server.GetFunctions(t.Context(), &tfprotov6.GetFunctionsRequest{})
	if err != nil || list.Functions[name] == nil {
		t.Fatalf("get functions: %v; is there %s?", err, name)
	}
	resp, err := server.CallFunction(t.Context(), &tfprotov6.CallFunctionRequest{Name: name, Arguments: encoded})
	if err != nil {
		t.Fatalf("call %s: %v", name, err)
	}
	if resp.Error != nil {
		return nil, resp.Error
	}
	v, err := resp.Result.Unmarshal(list.Functions[name].Return.Type)
	if err != nil {
		t.Fatalf("decode the result of %s: %v", name, err)
	}
	return plain(t, v), nil
}

func plain(t *testing.T, v tftypes.Value) any {
	t.Helper()
	var err error
	switch {
	case v.Type().Is(tftypes.String):
		var s string
		err = v.As(&s)
		return s
	case v.Type().Is(tftypes.Bool):
		var b bool
		err = v.As(&b)
		return b
	}
	var members map[string]tftypes.Value
	if err = v.As(&members); err != nil {
		t.Fatalf("decode %s: %v", v, err)
	}
	result := map[string]any{}
	for name, m := range members {
		result[name] = plain(t, m)
	}
	return result
}

// A row is a call and what comes of it: a result, or an error on the argument at blames that says says.
type row struct {
	name      string
	arguments []string
	want      any
	blames    int64
	says      string
}

func check(t *testing.T, function string, rows []row) {
	t.Helper()
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			got, failed := call(t, function, r.arguments...)
			if r.says == "" {
				if failed != nil {
					t.Fatalf("error: %s", failed.Text)
				}
				if diff := cmp.Diff(r.want, got); diff != "" {
					t.Errorf("result (-want +got):\n%s", diff)
				}
				return
			}
			switch {
			case failed == nil:
				t.Errorf("got %v, want an error that says %q", got, r.says)
			case failed.FunctionArgument == nil || *failed.FunctionArgument != r.blames:
				t.Errorf("blames %v, want argument %d: %s", failed.FunctionArgument, r.blames, failed.Text)
			case !strings.Contains(failed.Text, r.says):
				t.Errorf("does not say %q: %s", r.says, failed.Text)
			}
		})
	}
}

func TestEveryFunctionIsDescribed(t *testing.T) {
	t.Parallel()
	for _, construct := range functions.All() {
		f := construct()
		var metadata function.MetadataResponse
		f.Metadata(t.Context(), function.MetadataRequest{}, &metadata)
		var definition function.DefinitionResponse
		f.Definition(t.Context(), function.DefinitionRequest{}, &definition)
		var valid function.DefinitionValidateResponse
		definition.Definition.ValidateImplementation(t.Context(),
			function.DefinitionValidateRequest{FuncName: metadata.Name}, &valid)
		if valid.Diagnostics.HasError() {
			t.Errorf("%s: %v", metadata.Name, valid.Diagnostics)
		}
		texts := []string{definition.Definition.Summary, definition.Definition.MarkdownDescription}
		for _, p := range definition.Definition.Parameters {
			texts = append(texts, p.GetMarkdownDescription())
		}
		for _, text := range texts {
			if !strings.HasSuffix(text, ".") {
				t.Errorf("%s: %q is no sentence", metadata.Name, text)
			}
		}
	}
}

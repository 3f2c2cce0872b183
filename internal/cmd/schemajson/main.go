// Command schemajson prints the provider's schema as "terraform providers schema -json" would.
//
// The documentation generator takes it from here, so that pages do not depend on which engine, of which version, is
// installed: older ones leave out resource identity, actions and list resources.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider"
)

func main() {
	if err := write(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "schemajson:", err)
		os.Exit(1)
	}
}

func write(ctx context.Context, out io.Writer) error {
	server := providerserver.NewProtocol6(provider.New("schema")())()
	schemas, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return fmt.Errorf("get provider schema: %w", err)
	}
	if err := firstError(schemas.Diagnostics); err != nil {
		return err
	}
	identities, err := server.GetResourceIdentitySchemas(ctx, &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		return fmt.Errorf("get resource identity schemas: %w", err)
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(object{
		"format_version": "1.0",
		"provider_schemas": object{
			"qldbkms": object{
				"provider":                   schemaOf(schemas.Provider),
				"resource_schemas":           each(schemas.ResourceSchemas, schemaOf),
				"data_source_schemas":        each(schemas.DataSourceSchemas, schemaOf),
				"ephemeral_resource_schemas": each(schemas.EphemeralResourceSchemas, schemaOf),
				"functions":                  each(schemas.Functions, functionOf),
				"resource_identity_schemas":  each(identities.IdentitySchemas, identityOf),
			},
		},
	})
}

type object = map[string]any

func firstError(list []*tfprotov6.Diagnostic) error {
	for _, d := range list {
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			return fmt.Errorf("%s: %s", d.Summary, d.Detail)
		}
	}
	return nil
}

func each[T any](from map[string]T, to func(T) object) object {
	all := object{}
	for name, v := range from {
		all[name] = to(v)
	}
	return all
}

func schemaOf(s *tfprotov6.Schema) object {
	return object{"version": s.Version, "block": blockOf(s.Block)}
}

func blockOf(b *tfprotov6.SchemaBlock) object {
	nested := object{}
	for _, n := range b.BlockTypes {
		nested[n.TypeName] = object{
			"nesting_mode": blockNesting[n.Nesting], "block": blockOf(n.Block),
			"min_items": n.MinItems, "max_items": n.MaxItems,
		}
	}
	return object{
		"attributes": attributesOf(b.Attributes), "block_types": nested,
		"description": b.Description, "description_kind": kind(b.DescriptionKind), "deprecated": b.Deprecated,
	}
}

var blockNesting = map[tfprotov6.SchemaNestedBlockNestingMode]string{
	tfprotov6.SchemaNestedBlockNestingModeSingle: "single",
	tfprotov6.SchemaNestedBlockNestingModeList:   "list",
	tfprotov6.SchemaNestedBlockNestingModeSet:    "set",
	tfprotov6.SchemaNestedBlockNestingModeMap:    "map",
	tfprotov6.SchemaNestedBlockNestingModeGroup:  "group",
}

var objectNesting = map[tfprotov6.SchemaObjectNestingMode]string{
	tfprotov6.SchemaObjectNestingModeSingle: "single",
	tfprotov6.SchemaObjectNestingModeList:   "list",
	tfprotov6.SchemaObjectNestingModeSet:    "set",
	tfprotov6.SchemaObjectNestingModeMap:    "map",
}

func attributesOf(list []*tfprotov6.SchemaAttribute) object {
	all := object{}
	for _, a := range list {
		attribute := object{
			"description": a.Description, "description_kind": kind(a.DescriptionKind), "deprecated": a.Deprecated,
			"required": a.Required, "optional": a.Optional, "computed": a.Computed, "sensitive": a.Sensitive,
			"write_only": a.WriteOnly,
		}
		if a.NestedType != nil {
			attribute["nested_type"] = object{
				"attributes": attributesOf(a.NestedType.Attributes), "nesting_mode": objectNesting[a.NestedType.Nesting],
			}
		} else {
			attribute["type"] = a.Type
		}
		all[a.Name] = attribute
	}
	return all
}

func functionOf(f *tfprotov6.Function) object {
	parameters := []object{}
	for _, p := range f.Parameters {
		parameters = append(parameters, parameterOf(p))
	}
	function := object{
		"description": f.Description, "summary": f.Summary, "return_type": f.Return.Type, "parameters": parameters,
	}
	if f.VariadicParameter != nil {
		function["variadic_parameter"] = parameterOf(f.VariadicParameter)
	}
	return function
}

func parameterOf(p *tfprotov6.FunctionParameter) object {
	return object{"name": p.Name, "description": p.Description, "is_nullable": p.AllowNullValue, "type": p.Type}
}

func identityOf(s *tfprotov6.ResourceIdentitySchema) object {
	attributes := object{}
	for _, a := range s.IdentityAttributes {
		attributes[a.Name] = object{
			"type": a.Type, "description": a.Description,
			"required_for_import": a.RequiredForImport, "optional_for_import": a.OptionalForImport,
		}
	}
	return object{"version": s.Version, "attributes": attributes}
}

func kind(k tfprotov6.StringKind) string {
	if k == tfprotov6.StringKindMarkdown {
		return "markdown"
	}
	return "plain"
}

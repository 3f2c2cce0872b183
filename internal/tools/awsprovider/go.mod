module qldbkms.invalid/tools/awsprovider

go 1.26

require (
	github.com/hashicorp/go-hclog v0.0.0-20171005151751-ca137eb4b438
	github.com/hashicorp/go-plugin v0.0.0-20170816151819-a5174f84d7f8
	github.com/hashicorp/terraform v0.11.9-beta1
)

require (
	github.com/agext/levenshtein v1.2.1 // indirect
	github.com/agl/ed25519 v0.0.0-20150830182803-278e1ec8e8a6 // indirect
	github.com/apparentlymart/go-cidr v1.0.0 // indirect
	github.com/apparentlymart/go-textseg v1.0.0 // indirect
	github.com/armon/go-radix v1.0.0 // indirect
	github.com/aws/aws-sdk-go v1.17.0 // indirect
	github.com/beevik/etree v1.0.1 // indirect
	github.com/bgentry/go-netrc v0.0.0-20140422174119-9fd32a8b3d3d // indirect
	github.com/bgentry/speakeasy v0.1.0 // indirect
	github.com/blang/semver v3.5.1+incompatible // indirect
	github.com/davecgh/go-spew v1.1.1 // indirect
	github.com/gogo/protobuf v1.2.0 // indirect
	github.com/golang/protobuf v0.0.0-20171113180720-1e59b77b52bf // indirect
	github.com/golang/snappy v0.0.0-20180518054509-2e65f85255db // indirect
	github.com/google/gofuzz v0.0.0-20170612174753-24818f796faf // indirect
	github.com/hashicorp/errwrap v1.0.0 // indirect
	github.com/hashicorp/go-cleanhttp v0.5.0 // indirect
	github.com/hashicorp/go-getter v0.0.0-20180327010114-90bb99a48d86 // indirect
	github.com/hashicorp/go-multierror v1.0.0 // indirect
	github.com/hashicorp/go-safetemp v1.0.0 // indirect
	github.com/hashicorp/go-uuid v1.0.0 // indirect
	github.com/hashicorp/go-version v1.0.0 // indirect
	github.com/hashicorp/hcl v0.0.0-20170504190234-a4b07c25de5f // indirect
	github.com/hashicorp/hcl2 v0.0.0-20171003232734-44bad6dbf549 // indirect
	github.com/hashicorp/hil v0.0.0-20170512213305-fac2259da677 // indirect
	github.com/hashicorp/logutils v1.0.0 // indirect
	github.com/hashicorp/vault v0.10.4 // indirect
	github.com/hashicorp/yamux v0.0.0-20160720233140-d1caa6c97c9f // indirect
	github.com/jen20/awspolicyequivalence v1.0.0 // indirect
	github.com/jmespath/go-jmespath v0.0.0-20180206201540-c2b33e8439af // indirect
	github.com/keybase/go-crypto v0.0.0-20161004153544-93f5b35093ba // indirect
	github.com/kubernetes-sigs/aws-iam-authenticator v0.3.1-0.20181019024009-82544ec86140 // indirect
	github.com/mattn/go-isatty v0.0.4 // indirect
	github.com/mitchellh/cli v0.0.0-20170803042910-8a539dbef410 // indirect
	github.com/mitchellh/copystructure v1.0.0 // indirect
	github.com/mitchellh/go-homedir v1.0.0 // indirect
	github.com/mitchellh/go-testing-interface v0.0.0-20171004221916-a61a99592b77 // indirect
	github.com/mitchellh/go-wordwrap v1.0.0 // indirect
	github.com/mitchellh/hashstructure v1.0.0 // indirect
	github.com/mitchellh/mapstructure v1.0.0 // indirect
	github.com/mitchellh/reflectwalk v1.0.0 // indirect
	github.com/posener/complete v0.0.0-20170730193024-f4461a52b632 // indirect
	github.com/terraform-providers/terraform-provider-aws v1.60.0 // indirect
	github.com/ulikunitz/xz v0.5.4 // indirect
	github.com/zclconf/go-cty v0.0.0-20180106055834-709e4033eeb0 // indirect
	golang.org/x/crypto v0.0.0-20180110145155-b3c9a1d25cfb // indirect
	golang.org/x/net v0.0.0-20171024115130-4b14673ba32b // indirect
	golang.org/x/sys v0.0.0-20170803140359-d8f5ea21b929 // indirect
	golang.org/x/text v0.0.0-20171024115504-6eab0e8f74e8 // indirect
	google.golang.org/genproto v0.0.0-20171002232614-f676e0f3ac63 // indirect
	google.golang.org/grpc v0.0.0-20171025225919-b5eab4ccac6d // indirect
	gopkg.in/inf.v0 v0.9.1 // indirect
	gopkg.in/yaml.v2 v2.2.1 // indirect
	k8s.io/apimachinery v0.0.0-20190204010555-a98ff070d70e // indirect
	k8s.io/client-go v10.0.0+incompatible // indirect
	k8s.io/klog v0.1.0 // indirect
)

tool github.com/terraform-providers/terraform-provider-aws

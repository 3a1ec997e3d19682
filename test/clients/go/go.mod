module github.com/carillon-server/carillon/test/clients/go

go 1.26.0

require (
	github.com/aws/aws-sdk-go-v2 v1.47.7 // indirect
	github.com/aws/aws-sdk-go-v2/internal/configsources v1.4.25 // indirect
	github.com/aws/aws-sdk-go-v2/internal/endpoints/v2 v2.7.25 // indirect
	github.com/aws/aws-sdk-go-v2/service/chime v1.42.0 // indirect
	github.com/aws/smithy-go v1.28.8 // indirect
)

package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/seal"
)

// keysCommand is about access keys, and about the key that seals their secrets.
type keysCommand struct {
	target
	tenantFlag

	Create  keysCreate  `cmd:"" help:"Make an access key and print it."`
	List    keysList    `cmd:"" help:"List the access keys of a principal, and when each was used last."`
	Disable keysDisable `cmd:"" help:"Refuse an access key, until it is enabled."`
	Enable  keysEnable  `cmd:"" help:"Take an access key again."`
	Rotate  keysRotate  `cmd:"" help:"Replace a principal's access key by another, and print that."`
	Delete  keysDelete  `cmd:"" help:"Delete an access key."`
	Rekey   keysRekey   `cmd:"" help:"Seal the secrets in the database with a new key."`
}

// Help is printed below the command's first line.
func (keysCommand) Help() string {
	return `A principal has at most two access keys, so that it can change from one to the other without a pause: create the second, let
programs use it, see with list that the first is not used any more, disable it, delete it. The secret is printed once. NAME is
a principal; without it the keys are those of the root.

    carillon keys create alice --profile alice >> ~/.aws/credentials
    carillon keys list alice
    carillon keys disable AKIAIOSFODNN7EXAMPLE
`
}

// principalArg names a principal.
type principalArg struct {
	Name string `arg:"" optional:"" help:"The principal. Default: the root."`
}

// profileFlag says how a key is printed.
type profileFlag struct {
	Profile string `placeholder:"NAME" help:"Print the access key as this profile of an AWS credentials file."`
}

type keysCreate struct {
	profileFlag
	principalArg
}

// Run creates a key.
func (c *keysCreate) Run(ctx context.Context, p *process, g *globals, all *keysCommand) error {
	out, err := ask[api.CreateAccessKeyOutput](ctx, p, g, &all.target, "CreateAccessKey", &api.CreateAccessKeyInput{AWSAccountID: all.Tenant, PrincipalName: c.Name})
	if err != nil {
		return err
	}
	return printKey(p.stdout, out.AccessKey, c.Profile)
}

// printKey prints a key with its secret: as JSON, or as a profile if one is named.
func printKey(w io.Writer, k *api.AccessKey, profile string) error {
	if profile != "" {
		_, err := fmt.Fprintf(w, "[%s]\naws_access_key_id = %s\naws_secret_access_key = %s\naws_account_id = %s\nregion = %s\n",
			profile, k.AccessKeyID, k.SecretAccessKey, k.AWSAccountID, defaultRegion)
		return err
	}
	data, err := json.MarshalIndent(struct {
		AccessKeyID     string `json:"AccessKeyId"`
		SecretAccessKey string
		PrincipalName   string `json:",omitempty"`
		AWSAccountID    string `json:"AwsAccountId"`
	}{k.AccessKeyID, k.SecretAccessKey, k.PrincipalName, k.AWSAccountID}, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s\n", data)
	return err
}

type keysList struct {
	principalArg
}

// Run lists the keys of a principal.
func (c *keysList) Run(ctx context.Context, p *process, g *globals, all *keysCommand) error {
	keys, err := c.list(ctx, p, g, all)
	if err != nil {
		return err
	}
	w := newTable(p.stdout, "ACCESS KEY", "STATUS", "CREATED", "LAST USED")
	for _, k := range keys {
		used := "never"
		if !k.LastUsedDate.IsZero() {
			used = k.LastUsedDate.Format(tableTime)
		}
		w.row(k.AccessKeyID, k.Status, k.CreateDate.Format(tableTime), used)
	}
	return w.Flush()
}

func (c *keysList) list(ctx context.Context, p *process, g *globals, all *keysCommand) ([]api.AccessKeyMetadata, error) {
	out, err := ask[api.ListAccessKeysOutput](ctx, p, g, &all.target, "ListAccessKeys", &api.ListAccessKeysInput{AWSAccountID: all.Tenant, PrincipalName: c.Name})
	if err != nil {
		return nil, err
	}
	return out.AccessKeys, nil
}

// keyArg names an access key.
type keyArg struct {
	AccessKeyID string `arg:"" help:"The access key's id."`
}

type keysDisable struct {
	keyArg
}

// Run disables a key.
func (c *keysDisable) Run(ctx context.Context, p *process, g *globals, all *keysCommand) error {
	_, err := ask[api.UpdateAccessKeyOutput](ctx, p, g, &all.target, "UpdateAccessKey",
		&api.UpdateAccessKeyInput{AWSAccountID: all.Tenant, AccessKeyID: c.AccessKeyID, Status: api.KeyStatusInactive})
	return err
}

type keysEnable struct {
	keyArg
}

// Run enables a key.
func (c *keysEnable) Run(ctx context.Context, p *process, g *globals, all *keysCommand) error {
	_, err := ask[api.UpdateAccessKeyOutput](ctx, p, g, &all.target, "UpdateAccessKey",
		&api.UpdateAccessKeyInput{AWSAccountID: all.Tenant, AccessKeyID: c.AccessKeyID, Status: api.KeyStatusActive})
	return err
}

type keysDelete struct {
	keyArg
}

// Run deletes a key.
func (c *keysDelete) Run(ctx context.Context, p *process, g *globals, all *keysCommand) error {
	_, err := ask[api.DeleteAccessKeyOutput](ctx, p, g, &all.target, "DeleteAccessKey", &api.DeleteAccessKeyInput{AWSAccountID: all.Tenant, AccessKeyID: c.AccessKeyID})
	return err
}

type keysRotate struct {
	keysCreate
	Keep bool `help:"Keep the old key, for programs that still use it."`
}

// Help is printed below the command's first line.
func (keysRotate) Help() string {
	return `The principal must have one access key. The new one is printed once; then the old one is deleted, and refused from that moment
on. With --keep it stays until you delete it.

    carillon keys rotate alice --keep --profile alice >> ~/.aws/credentials
    carillon keys list alice
    carillon keys delete AKIAIOSFODNN7EXAMPLE
`
}

// Run rotates a key.
func (c *keysRotate) Run(ctx context.Context, p *process, g *globals, all *keysCommand) error {
	list := keysList{c.principalArg}
	keys, err := list.list(ctx, p, g, all)
	if err != nil {
		return err
	}
	if len(keys) != 1 {
		return fmt.Errorf("there are %d access keys where one is to be replaced: create or delete one first; carillon keys list shows them", len(keys))
	}
	if err := c.keysCreate.Run(ctx, p, g, all); err != nil || c.Keep {
		return err
	}
	old := keysDelete{keyArg{keys[0].AccessKeyID}}
	if err := old.Run(ctx, p, g, all); err != nil {
		return fmt.Errorf("the new key is good, but the old one, %s, is still there; delete it: %w", keys[0].AccessKeyID, err)
	}
	return nil
}

type keysRekey struct {
	sealSettings
	Add bool `help:"First add a new key to the key file of this machine."`
}

// Help is printed below the command's first line.
func (keysRekey) Help() string {
	return `The secrets in the database are sealed with a key from a file. This seals them anew with the newest key of that file, the first
line in it, while all servers serve. It may be interrupted and run again.

One server:

    carillon keys rekey --add

Several servers on one database: add a key to one file, copy the file to all servers, and only then

    carillon keys rekey

Afterwards no other key is needed any more; keep them as long as you keep backups of the database from before.
`
}

// Run seals all secrets with the newest key.
func (c *keysRekey) Run(ctx context.Context, p *process, g *globals, all *keysCommand) error {
	if c.Add {
		if err := c.add(p, g); err != nil {
			return err
		}
	}
	in, sealed := &api.RekeySecretsInput{}, 0
	for {
		step, err := ask[api.RekeySecretsOutput](ctx, p, g, &all.target, "RekeySecrets", in)
		if err != nil {
			return err
		}
		sealed += step.Rewrapped
		if in.NextToken = step.NextToken; in.NextToken == "" {
			fmt.Fprintf(p.stdout, "%d secrets sealed anew; all are sealed with the key %s\n", sealed, step.KeyID)
			return nil
		}
	}
}

func (c *keysRekey) add(p *process, g *globals) error {
	folder, _, err := g.dataFolder(p.env)
	if err != nil {
		return err
	}
	source, err := c.keys(p.env, folder)
	if err != nil {
		return err
	}
	file, ok := source.(seal.File)
	if !ok {
		return usagef("--add is for a key file; put the new key in front of the others in %s and start the servers again", source)
	}
	_, err = file.Add(rand.Reader)
	return err
}

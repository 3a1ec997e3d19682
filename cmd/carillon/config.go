package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"gopkg.in/yaml.v3"
)

// cli is every command and every setting. Its tags are the documentation that --help prints.
type cli struct {
	globals

	Serve      serveCommand      `cmd:"" help:"Run the server."`
	Call       callCommand       `cmd:"" help:"Call an operation of a running server."`
	Env        envCommand        `cmd:"" help:"Print the variables that point AWS SDKs and tools at a running server."`
	Tenants    tenantsCommand    `cmd:"" help:"Keep the AWS accounts that use a running server."`
	Principals principalsCommand `cmd:"" help:"Keep those who have access keys of their own."`
	Keys       keysCommand       `cmd:"" help:"Keep access keys, and the key that seals their secrets."`
	Policy     policyCommand     `cmd:"" help:"Keep and test what principals may do."`
	Import     importCommand     `cmd:"" help:"Add users from a CSV or JSON lines file."`
	Export     exportCommand     `cmd:"" help:"Write users, accounts, rooms, numbers or audit records as CSV or JSON lines."`
	Numbers    numbersCommand    `cmd:"" help:"Import telephone numbers into the stock of a running server."`
	Audit      auditCommand      `cmd:"" help:"List who did what on a running server, and check that nobody changed the records."`
	Mail       mailCommand       `cmd:"" help:"Preview the mails, and write their templates out for editing."`
	Backup     backupCommand     `cmd:"" help:"Take a backup of the embedded store, while it serves."`
	Restore    restoreCommand    `cmd:"" help:"Put a backup into a data folder."`
	Copy       copyCommand       `cmd:"" help:"Copy a whole installation into another database: SQLite, PostgreSQL, and back."`
	Migrate    migrateCommand    `cmd:"" help:"Say where a database's schema stands, and bring it up to date."`
	Health     healthCommand     `cmd:"" help:"Exit with 0 if the server is ready, with 1 if not."`
	Version    versionCommand    `cmd:"" help:"Print the version."`
	Completion completionCommand `cmd:"" help:"Print a script that makes a shell complete carillon's commands."`
}

// globals are the settings of every command.
type globals struct {
	Data   string     `env:"CARILLON_DATA" placeholder:"FOLDER" help:"The folder of the database, the first credentials and the running server's address. Default: ${data_folder}"`
	Config configFile `env:"CARILLON_CONFIG" placeholder:"FILE" help:"A YAML file of settings, named as the flags of serve without the dashes in front. Flags and environment come first."`
}

// description is the first line of carillon --help.
const description = "Carillon is a server behind Amazon Chime's administration API. AWS SDKs and the AWS CLI work against it unchanged."

// Help is what carillon --help prints below its first line.
func (*cli) Help() string {
	return `Start a server, then try it from a second terminal:

    carillon serve
    eval "$(carillon env)"
    carillon call CreateAccount Name=Demo
`
}

// newParser makes the parser of the command line, which fills c.
func newParser(p *process, c *cli) (*kong.Kong, error) {
	folder := defaultFolder(p.env)
	return kong.New(c,
		kong.Name("carillon"),
		kong.Description(description),
		kong.Writers(p.stdout, p.stderr),
		kong.ConfigureHelp(kong.HelpOptions{FlagsLast: true, WrapUpperBound: 110, NoExpandSubcommands: true}),
		kong.Help(printHelp),
		kong.Vars{"data_folder": folder},
		kong.Vars(sampleMail()),
	)
}

// configFile is the path of a YAML file that sets what neither the command line nor the environment does.
type configFile string

// BeforeResolve reads the file and lets the parser ask it for settings.
func (f configFile) BeforeResolve(ctx *kong.Context, trace *kong.Path) error {
	path := string(ctx.FlagValue(trace.Flag).(configFile))
	if path == "" {
		return nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("--config: %w", err)
	}
	settings, err := readSettings(ctx.Model, data)
	if err != nil {
		return fmt.Errorf("--config %s: %w", path, err)
	}
	ctx.AddResolver(settings)
	return nil
}

// readSettings reads a file of settings. A name that no setting has is an error, so that a slip does not go unnoticed.
func readSettings(app *kong.Application, data []byte) (kong.Resolver, error) {
	var tree map[string]any
	err := yaml.Unmarshal(data, &tree)
	if form := (*yaml.TypeError)(nil); errors.As(err, &form) {
		return nil, errors.New("it must be settings, a line each: NAME: VALUE")
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	known := settingNames(app)
	values := flatten("", tree)
	for name := range values {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("%s is not a setting; these are: %s%s", name, strings.Join(known, ", "), didYouMean(name, known))
		}
	}
	return kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		if inEnvironment(flag) {
			return nil, nil
		}
		return values[flag.Name], nil
	}), nil
}

// settingNames returns the names that a file of settings may use: those of the flags of serve.
func settingNames(app *kong.Application) []string {
	var names []string
	for _, flag := range flagsOf(app, "serve") {
		if flag.Name != "help" && flag.Name != "config" {
			names = append(names, flag.Name)
		}
	}
	slices.Sort(names)
	return names
}

// flagsOf returns the flags of a command, those that every command has among them.
func flagsOf(app *kong.Application, name string) []*kong.Flag {
	flags := slices.Clone(app.Flags)
	for _, command := range app.Children {
		if command.Name == name {
			flags = append(flags, command.Flags...)
		}
	}
	return flags
}

func inEnvironment(flag *kong.Flag) bool {
	return slices.ContainsFunc(flag.Envs, func(name string) bool {
		_, set := os.LookupEnv(name)
		return set
	})
}

// flatten returns the settings of a tree: "log: {format: json}" sets log-format.
func flatten(prefix string, tree map[string]any) map[string]any {
	flat := map[string]any{}
	for name, value := range tree {
		if below, ok := value.(map[string]any); ok {
			maps.Copy(flat, flatten(prefix+name+"-", below))
			continue
		}
		flat[prefix+name] = value
	}
	return flat
}

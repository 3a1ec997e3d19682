package ops

import (
	"context"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/store"
)

// CreateBot makes a bot whose name ends with (Bot) and whose address is in Domain (documented: example of create-bot), or in
// the first domain that the account claimed (inferred). A domain that another account claimed is refused, in strict mode
// also one that this account did not claim (inferred), and a name and domain that another bot has (decided: no Conflict is
// declared). In strict mode Team accounts have no bots (documented: developer guide; class inferred). A repetition of the
// call gets the bot that the first one made (decided).
func (c *Call) CreateBot(_ context.Context, in *api.CreateBotInput) (*api.CreateBotOutput, error) {
	a, err := c.enterprise(in.AccountID)
	if err != nil {
		return nil, err
	}
	first, err := c.firstBot(a)
	if first != nil || err != nil {
		return &api.CreateBotOutput{Bot: wireBot(first)}, err
	}
	domain, err := c.botDomain(a, in.Domain)
	if err != nil {
		return nil, err
	}
	have, err := c.Tx.Bots(a.ID, chime.ID{}, c.Quotas.BotLimit())
	if err != nil {
		return nil, err
	}
	b, err := a.NewBot(c.Source, c.Quotas, len(have), in.DisplayName, domain)
	if err != nil {
		return nil, err
	}
	if c.Tx.Met() == store.BotEmail {
		return nil, chime.BadRequest.Errorf("DisplayName: another bot of this AWS account has this name and domain")
	}
	if err := c.Tx.InsertBot(b); err != nil {
		return nil, err
	}
	if !c.Mark.IsZero() {
		c.Tx.InsertMark(c.Mark, b.ID)
	}
	return &api.CreateBotOutput{Bot: wireBot(b)}, nil
}

// firstBot returns the bot that an earlier attempt of this call made, nil if there is none or that is too long ago to count.
func (c *Call) firstBot(a *chime.Account) (*chime.Bot, error) {
	made, err := c.madeBefore()
	if made == nil || err != nil {
		return nil, err
	}
	return c.Tx.Bot(a.ID, *made)
}

// botDomain returns the domain for the address of a bot.
func (c *Call) botDomain(a *chime.Account, given string) (string, error) {
	if given == "" {
		claimed, err := c.Tx.DomainsOfAccount(a.ID, chime.ID{}, 1)
		if err != nil {
			return "", err
		}
		if len(claimed) == 0 {
			return "", chime.BadRequest.Errorf("Domain is required, as the account has claimed none")
		}
		return claimed[0].Name, nil
	}
	name, err := chime.ParseDomain(given)
	if err != nil {
		return "", chime.BadRequest.Errorf("Domain must be the name of a mail domain like example.com")
	}
	d, err := c.Tx.Domain(name)
	if err != nil {
		return "", err
	}
	var owner *chime.ID
	if d != nil {
		owner = &d.AccountID
	}
	return name, a.CheckDomain(c.Rules, owner, "Domain")
}

// GetBot returns a bot, with its security token (documented: example of get-bot).
func (c *Call) GetBot(_ context.Context, in *api.GetBotInput) (*api.GetBotOutput, error) {
	b, err := c.bot(in.AccountID, in.BotID)
	if err != nil {
		return nil, err
	}
	return &api.GetBotOutput{Bot: wireBot(b)}, nil
}

// ListBots lists an account's bots, with their security tokens (documented: example of list-bots).
func (c *Call) ListBots(_ context.Context, in *api.ListBotsInput) (*api.ListBotsOutput, error) {
	p, err := c.page(in.NextToken, in.MaxResults, defaultBotPage, "ListBots", in.AccountID)
	if err != nil {
		return nil, err
	}
	a, err := c.enterprise(in.AccountID)
	if err != nil {
		return nil, err
	}
	found, err := c.Tx.Bots(a.ID, p.after, p.limit+1)
	if err != nil {
		return nil, err
	}
	out := &api.ListBotsOutput{Bots: []api.Bot{}}
	found, out.NextToken = cut(p, found, func(b *chime.Bot) chime.ID { return b.ID })
	for _, b := range found {
		out.Bots = append(out.Bots, *wireBot(b))
	}
	return out, nil
}

// UpdateBot stops or starts a bot (documented: developer guide). A stopped one stays in its rooms and is told nothing.
func (c *Call) UpdateBot(_ context.Context, in *api.UpdateBotInput) (*api.UpdateBotOutput, error) {
	b, err := c.bot(in.AccountID, in.BotID)
	if err != nil {
		return nil, err
	}
	if b.SetDisabled(c.Source, in.Disabled) == chime.Changed {
		if err := c.Tx.UpdateBot(b); err != nil {
			return nil, err
		}
	}
	return &api.UpdateBotOutput{Bot: wireBot(b)}, nil
}

// RegenerateSecurityToken gives a bot another token; the old one ends at once (inferred).
func (c *Call) RegenerateSecurityToken(_ context.Context, in *api.RegenerateSecurityTokenInput) (*api.RegenerateSecurityTokenOutput, error) {
	b, err := c.bot(in.AccountID, in.BotID)
	if err != nil {
		return nil, err
	}
	b.Regenerate(c.Source)
	return &api.RegenerateSecurityTokenOutput{Bot: wireBot(b)}, c.Tx.UpdateBot(b)
}

// bot returns the account's bot, or NotFound.
func (c *Call) bot(accountID, botID string) (*chime.Bot, error) {
	a, err := c.enterprise(accountID)
	if err != nil {
		return nil, err
	}
	if id, ok := chime.ParseID(botID); ok {
		b, err := c.Tx.Bot(a.ID, id)
		if b != nil || err != nil {
			return b, err
		}
	}
	return nil, chime.NotFound.Errorf("bot %s is not in account %s", botID, accountID)
}

func wireBot(b *chime.Bot) *api.Bot {
	if b == nil {
		return nil
	}
	disabled := b.Disabled
	return &api.Bot{
		BotEmail:         string(b.Email),
		BotID:            b.ID.String(),
		BotType:          api.BotTypeChatBot,
		CreatedTimestamp: b.CreatedAt,
		Disabled:         &disabled,
		DisplayName:      b.DisplayName,
		SecurityToken:    b.SecurityToken,
		UpdatedTimestamp: b.UpdatedAt,
		UserID:           b.ID.String(), // the same (documented: example of create-bot)
	}
}

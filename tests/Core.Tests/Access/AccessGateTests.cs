using Atelier.Core.Access;

namespace Atelier.Core.Tests.Access;

public class AccessGateTests
{
    private const string PeopleText = "people-0123456789abcdef";
    private const string WorkersText = "workers-0123456789abcdef";

    private static readonly AccessGate Gate = new(new(PeopleText, "test"), new(WorkersText, "test"));

    [Theory]
    [InlineData(AccessRole.Person, $"Bearer {PeopleText}", AccessDecision.Granted)]
    [InlineData(AccessRole.Worker, $"bearer {WorkersText}", AccessDecision.Granted)]
    [InlineData(AccessRole.Person, $"Bearer {WorkersText}", AccessDecision.OtherRole)]
    [InlineData(AccessRole.Worker, $"Bearer {PeopleText}", AccessDecision.OtherRole)]
    [InlineData(AccessRole.Person, $"Bearer {PeopleText}x", AccessDecision.TokenWrong)]
    [InlineData(AccessRole.Person, "Bearer ", AccessDecision.TokenWrong)]
    [InlineData(AccessRole.Person, $"Basic {PeopleText}", AccessDecision.TokenMissing)]
    [InlineData(AccessRole.Person, PeopleText, AccessDecision.TokenMissing)]
    [InlineData(AccessRole.Worker, "", AccessDecision.TokenMissing)]
    [InlineData(AccessRole.Worker, null, AccessDecision.TokenMissing)]
    public void Decide_ByRoleAndToken_GrantsTheRoleOfTheTokenAlone(AccessRole role, string? authorization, AccessDecision expected) =>
        Assert.Equal(expected, Gate.Decide(role, authorization));

    [Fact]
    public void Decide_NoTokenAskedFor_GrantsToAll() =>
        Assert.All(Enum.GetValues<AccessRole>(), role => Assert.Equal(AccessDecision.Granted, new AccessGate(null, null).Decide(role, null)));

    [Theory]
    [InlineData(AccessDecision.TokenMissing, AccessRole.Worker, "worker token", "--worker-token-file", "ATELIER_WORKER_TOKEN")]
    [InlineData(AccessDecision.TokenWrong, AccessRole.Person, "user token", "--token-file", "ATELIER_TOKEN")]
    [InlineData(AccessDecision.OtherRole, AccessRole.Person, "the worker token", "the user token", "--token-file")]
    public void Describe_Refusal_SaysWhatToGive(AccessDecision decision, AccessRole role, params string[] parts) =>
        Assert.All(parts, part => Assert.Contains(part, decision.Describe(role)));

    [Fact]
    public void Describe_NoRefusal_Throws() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => AccessDecision.Granted.Describe(AccessRole.Person));
}

namespace Atelier.Core.Access;

/// <summary>What a refused caller is told.</summary>
public static class AccessDecisions
{
    /// <summary>What was wrong and what to change.</summary>
    /// <param name="decision">The refusal.</param>
    /// <param name="role">The role that the call needs.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is no refusal.</exception>
    public static string Describe(this AccessDecision decision, AccessRole role)
    {
        var whose = role == AccessRole.Person ? "people" : "workers";
        var where = $"{AccessOptions.TokenFileOf(role)} FILE or {AccessOptions.TokenVariableOf(role)}";
        return decision switch
        {
            AccessDecision.TokenMissing => $"this needs the token of {whose}; give it with {where}",
            AccessDecision.TokenWrong => $"the token is not that of {whose} here; check {where}",
            AccessDecision.OtherRole => $"that is the token of {(role == AccessRole.Person ? "workers" : "people")}; this needs that of {whose}, with {where}",
            _ => throw new ArgumentOutOfRangeException(nameof(decision), decision, "Nothing was refused."),
        };
    }
}

namespace Atelier.Core.Access;

/// <summary>Decides who a caller is by the `authorization` metadata of a call.</summary>
/// <param name="People">The token of people; null where none is asked for, as on loopback.</param>
/// <param name="Workers">The token of workers; null where none is asked for.</param>
public sealed record AccessGate(AccessToken? People, AccessToken? Workers)
{
    private const string Scheme = "Bearer ";

    /// <summary>Whether a caller may act in a role.</summary>
    /// <param name="role">The role that the call needs.</param>
    /// <param name="authorization">The call's `authorization` value; null if it has none.</param>
    public AccessDecision Decide(AccessRole role, string? authorization)
    {
        var (wanted, other) = role == AccessRole.Person ? (People, Workers) : (Workers, People);
        if (wanted is null) return AccessDecision.Granted;
        if (authorization is null || !authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)) return AccessDecision.TokenMissing;
        var presented = authorization[Scheme.Length..].Trim();
        // Both comparisons always run: how long a refusal takes tells nothing about which token was close.
        var (isWanted, isOther) = (wanted.Matches(presented), other?.Matches(presented) ?? false);
        return isWanted ? AccessDecision.Granted : isOther ? AccessDecision.OtherRole : AccessDecision.TokenWrong;
    }
}

namespace Atelier.Core.Access;

/// <summary>Who calls: each has a token of its own, so that a worker's machine cannot submit or cancel runs.</summary>
public enum AccessRole
{
    /// <summary>A person, or a script of theirs.</summary>
    Person,
    Worker,
}

/// <summary>The result of checking a call's token.</summary>
public enum AccessDecision
{
    /// <summary>The caller may go on.</summary>
    Granted,

    /// <summary>There is no bearer token: UNAUTHENTICATED.</summary>
    TokenMissing,

    /// <summary>The token is unknown: UNAUTHENTICATED.</summary>
    TokenWrong,

    /// <summary>The token is that of the other role: PERMISSION_DENIED.</summary>
    OtherRole,
}

/// <summary>What a refused caller is told.</summary>
public static class AccessDecisions
{
    /// <summary>What was wrong and what to change.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not a refusal.</exception>
    public static string Describe(this AccessDecision decision, AccessRole role)
    {
        var whose = role == AccessRole.Person ? "user" : "worker";
        var where = $"{AccessOptions.TokenFileOf(role)} FILE or {AccessOptions.TokenVariableOf(role)}";
        return decision switch
        {
            AccessDecision.TokenMissing => $"a {whose} token is required; pass it with {where}",
            AccessDecision.TokenWrong => $"this is not the {whose} token of this coordinator; check {where}",
            AccessDecision.OtherRole => $"this is the {(role == AccessRole.Person ? "worker" : "user")} token, but the {whose} token is required; pass it with {where}",
            _ => throw new ArgumentOutOfRangeException(nameof(decision), decision, "Nothing was refused."),
        };
    }
}

/// <summary>Decides who a caller is by the `authorization` metadata of a call.</summary>
/// <param name="People">The token of people; null where none is asked for, as on loopback.</param>
/// <param name="Workers">The token of workers; null where none is asked for.</param>
public sealed record AccessGate(AccessToken? People, AccessToken? Workers)
{
    private const string Scheme = "Bearer ";

    /// <summary>Whether a caller may act in a role.</summary>
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

/// <summary>What the options and variables of access are called, in one place, so that every message names what exists.</summary>
public static class AccessOptions
{
    /// <summary>The option for a certificate in PEM, with those that lead to its authority.</summary>
    public const string Certificate = "--tls-cert";

    /// <summary>The option for the certificate's private key in PEM.</summary>
    public const string Key = "--tls-key";

    /// <summary>The option for the certificate of the authority that the other side's certificate must come from, in PEM.</summary>
    public const string Authority = "--tls-ca";

    public const string PeopleTokenFile = "--token-file";

    public const string WorkerTokenFile = "--worker-token-file";

    public const string PeopleTokenVariable = "ATELIER_TOKEN";

    public const string WorkerTokenVariable = "ATELIER_WORKER_TOKEN";

    public static string TokenFileOf(AccessRole role) => role == AccessRole.Person ? PeopleTokenFile : WorkerTokenFile;

    public static string TokenVariableOf(AccessRole role) => role == AccessRole.Person ? PeopleTokenVariable : WorkerTokenVariable;
}

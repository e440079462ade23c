namespace Atelier.Core.Access;

/// <summary>What comes of a call's token.</summary>
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

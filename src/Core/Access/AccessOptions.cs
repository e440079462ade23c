namespace Atelier.Core.Access;

/// <summary>What the options and variables of access are called, in one place, so that every message names what exists.</summary>
public static class AccessOptions
{
    /// <summary>The option for a certificate in PEM, with those that lead to its authority.</summary>
    public const string Certificate = "--tls-cert";

    /// <summary>The option for the certificate's private key in PEM.</summary>
    public const string Key = "--tls-key";

    /// <summary>The option for the certificate of the authority that the other side's certificate must come from, in PEM.</summary>
    public const string Authority = "--tls-ca";

    /// <summary>The option for the file with the token of people.</summary>
    public const string PeopleTokenFile = "--token-file";

    /// <summary>The option for the file with the token of workers.</summary>
    public const string WorkerTokenFile = "--worker-token-file";

    /// <summary>The environment variable with the token of people.</summary>
    public const string PeopleTokenVariable = "ATELIER_TOKEN";

    /// <summary>The environment variable with the token of workers.</summary>
    public const string WorkerTokenVariable = "ATELIER_WORKER_TOKEN";

    /// <summary>The option for a role's token file.</summary>
    /// <param name="role">The role.</param>
    public static string TokenFileOf(AccessRole role) => role == AccessRole.Person ? PeopleTokenFile : WorkerTokenFile;

    /// <summary>The environment variable for a role's token.</summary>
    /// <param name="role">The role.</param>
    public static string TokenVariableOf(AccessRole role) => role == AccessRole.Person ? PeopleTokenVariable : WorkerTokenVariable;
}

using System.Security.Authentication;
using Grpc.Core;

namespace Atelier.Rpc.Transport;

/// <summary>Calls that failed because the caller does not trust who answers.</summary>
public static class Distrust
{
    /// <summary>Why a call's handshake failed, for people; null if it failed otherwise.</summary>
    public static string? Describe(RpcException failure)
    {
        ArgumentNullException.ThrowIfNull(failure);
        for (var cause = failure.Status.DebugException; cause is not null; cause = cause.InnerException)
        {
            if (cause is AuthenticationException handshake)
                return Describe(handshake);
        }
        return null;
    }

    /// <summary>Why a handshake failed, for people.</summary>
    public static string Describe(AuthenticationException failure)
    {
        ArgumentNullException.ThrowIfNull(failure);
        return $"{Meaning(failure.Message)} ({failure.Message.TrimEnd('.')})";
    }

    // .NET names the flags of the chain, in every language alike.
    private static string Meaning(string message) => message switch
    {
        _ when Has(message, "NotTimeValid") => "its certificate has expired or is not valid yet: renew it, or set the clock right",
        _ when Has(message, "UntrustedRoot") || Has(message, "PartialChain") => "its certificate comes from another authority than the one that is trusted here",
        _ when Has(message, "NameMismatch") => "its certificate is for other host names than the address has",
        _ when Has(message, "frame") => "it speaks no TLS",
        _ => "no TLS connection came about",
    };

    private static bool Has(string message, string part) => message.Contains(part, StringComparison.OrdinalIgnoreCase);
}

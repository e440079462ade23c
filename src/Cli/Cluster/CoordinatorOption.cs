using System.CommandLine;
using Atelier.Cli.Certificates;
using Atelier.Core;
using Atelier.Core.Access;
using Atelier.Rpc.Transport;
using Grpc.Core;

namespace Atelier.Cli.Cluster;

/// <summary>The options by which a command of people reaches a coordinator.</summary>
internal sealed class CoordinatorOption
{
    /// <summary>The environment variable with the coordinator's address, or several with commas.</summary>
    public const string Variable = "ATELIER_COORDINATOR";

    private readonly Option<string[]> _addresses = new("--coordinator")
    {
        Description = $"http://HOST:PORT, https://HOST:PORT or unix:PATH; repeat it for each replica (or set {Variable}, separated by commas)",
    };

    private readonly Option<string?> _token = new(AccessOptions.PeopleTokenFile) { Description = $"file with the user token (or set {AccessOptions.PeopleTokenVariable})" };
    private readonly Option<string?> _authority = new(AccessOptions.Authority) { Description = "PEM certificate of the CA that signed the coordinator's certificate" };
    private readonly Option<string?> _certificate = new(AccessOptions.Certificate) { Description = "your own PEM certificate, for a coordinator that asks for one" };
    private readonly Option<string?> _key = new(AccessOptions.Key) { Description = "private key of that certificate, in PEM" };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _addresses, _token, _authority, _certificate, _key })
            command.Options.Add(option);
    }

    /// <summary>Calls the coordinator; failures become errors with a message for the user.</summary>
    public int Call(ParseResult parsed, Func<CoordinatorReplicas, Task<int>> call)
    {
        var addresses = AddressesOf(parsed.GetValue(_addresses) ?? [], Environment.GetEnvironmentVariable(Variable));
        var token = TokenSource.ReadText(AccessRole.Person, parsed.GetValue(_token), Environment.GetEnvironmentVariable(AccessOptions.PeopleTokenVariable));
        using var own = Tls.Load(parsed.GetValue(_certificate), parsed.GetValue(_key), TimeProvider.System);
        using var replicas = new CoordinatorReplicas(addresses, AuthorityTrust.ClientOf(Tls.Authorities(parsed.GetValue(_authority)), own), token);
        try
        {
            return call(replicas).GetAwaiter().GetResult();
        }
        catch (RpcException e)
        {
            throw Explain(e, replicas.Description);
        }
    }

    /// <summary>The addresses that a command line or else the environment names.</summary>
    /// <exception cref="UserErrorException">Neither names one.</exception>
    internal static IReadOnlyList<string> AddressesOf(IReadOnlyList<string> given, string? variable)
    {
        string[] addresses = given.Count > 0 ? [.. given] : variable?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];
        return addresses.Length > 0 ? addresses : throw new UserErrorException($"the coordinator's address is missing: pass --coordinator http://HOST:PORT, or set {Variable}");
    }

    /// <summary>The error that a failed call is reported as.</summary>
    public static Exception Explain(RpcException refused, string address) => refused.StatusCode switch
    {
        _ when TlsFailure.Describe(refused) is { } why => new UserErrorException($"the coordinator at {address} is not trusted: {why}"),
        _ when CoordinatorReplicas.IsAway(refused) => new IOException($"nothing answers at {address}; is the coordinator running?{Instead(address)}"),
        StatusCode.InvalidArgument or StatusCode.NotFound or StatusCode.AlreadyExists or StatusCode.FailedPrecondition or StatusCode.Unauthenticated or StatusCode.PermissionDenied
            => new UserErrorException(refused.Status.Detail),
        StatusCode.Cancelled => new OperationCanceledException(refused.Status.Detail),
        StatusCode.Unimplemented => new UserErrorException($"the coordinator at {address} runs an older version of Atelier that does not have this command; upgrade it"),
        _ => new IOException($"the coordinator at {address} replied {refused.StatusCode}: {refused.Status.Detail}"),
    };

    private static string Instead(string address) =>
        address.StartsWith("http://", StringComparison.OrdinalIgnoreCase) && !address.Contains(',', StringComparison.Ordinal)
            ? $" For a coordinator with TLS, use https://{address["http://".Length..]}"
            : "";
}

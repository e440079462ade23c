using System.CommandLine;
using System.Net.Security;
using Atelier.Cli.Certificates;
using Atelier.Core;
using Atelier.Core.Access;
using Atelier.Rpc.Transport;
using Grpc.Core;
using Grpc.Core.Interceptors;
using RunsClient = Atelier.Protos.Runs.RunsClient;

namespace Atelier.Cli.Cluster;

/// <summary>The options by which a command of people reaches a coordinator.</summary>
internal sealed class CoordinatorOption
{
    /// <summary>The environment variable with the coordinator's address.</summary>
    public const string Variable = "ATELIER_COORDINATOR";

    private readonly Option<string?> _address = new("--coordinator") { Description = $"http://HOST:PORT, https://HOST:PORT or unix:PATH (or set {Variable})" };
    private readonly Option<string?> _token = new(AccessOptions.PeopleTokenFile) { Description = $"file with the token of people (or set {AccessOptions.PeopleTokenVariable})" };
    private readonly Option<string?> _authority = new(AccessOptions.Authority) { Description = "certificate of the authority that the coordinator's comes from, in PEM" };
    private readonly Option<string?> _certificate = new(AccessOptions.Certificate) { Description = "one's own certificate in PEM, for a coordinator that asks for it" };
    private readonly Option<string?> _key = new(AccessOptions.Key) { Description = "the certificate's private key in PEM" };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _address, _token, _authority, _certificate, _key })
            command.Options.Add(option);
    }

    /// <summary>Calls the coordinator; failures become errors with a message for the user.</summary>
    public int Call(ParseResult parsed, Func<RunsClient, int> call)
    {
        string address = parsed.GetValue(_address) ?? Environment.GetEnvironmentVariable(Variable)
            ?? throw new UserErrorException($"the coordinator's address is missing: pass --coordinator http://HOST:PORT, or set {Variable}");
        var token = TokenSource.ReadText(AccessRole.Person, parsed.GetValue(_token), Environment.GetEnvironmentVariable(AccessOptions.PeopleTokenVariable));
        try
        {
            using var own = Tls.Load(parsed.GetValue(_certificate), parsed.GetValue(_key), TimeProvider.System);
            using var channel = CoordinatorChannel.Open(address, AuthorityTrust.ClientOf(Tls.Authorities(parsed.GetValue(_authority)), own), carriesToken: token is not null);
            var invoker = channel.CreateCallInvoker();
            return call(new RunsClient(token is null ? invoker : invoker.Intercept(metadata =>
            {
                metadata.Add("authorization", $"Bearer {token}");
                return metadata;
            })));
        }
        catch (RpcException e)
        {
            throw Explain(e, address);
        }
    }

    /// <summary>The error that a failed call is reported as.</summary>
    public static Exception Explain(RpcException refused, string address) => refused.StatusCode switch
    {
        _ when TlsFailure.Describe(refused) is { } why => new UserErrorException($"the coordinator at {address} is not trusted: {why}"),
        // A server that does not speak HTTP/2 is reported as either, by chance.
        _ when refused.StatusCode == StatusCode.Unavailable || refused.Status.DebugException is HttpRequestException
            => new IOException($"no coordinator answers at {address} ({refused.Status.Detail}){Instead(address)}"),
        StatusCode.InvalidArgument or StatusCode.NotFound or StatusCode.AlreadyExists or StatusCode.FailedPrecondition or StatusCode.Unauthenticated or StatusCode.PermissionDenied
            => new UserErrorException(refused.Status.Detail),
        StatusCode.Cancelled => new OperationCanceledException(refused.Status.Detail),
        _ => new IOException($"the coordinator at {address} says {refused.StatusCode}: {refused.Status.Detail}"),
    };

    private static string Instead(string address) =>
        address.StartsWith("http://", StringComparison.OrdinalIgnoreCase) ? $"; one with TLS would be reached at https://{address["http://".Length..]}" : "";
}

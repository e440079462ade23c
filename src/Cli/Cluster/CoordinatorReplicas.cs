using System.Net.Security;
using Atelier.Rpc.Transport;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using RunsClient = Atelier.Protos.Runs.RunsClient;

namespace Atelier.Cli.Cluster;

/// <summary>
/// The replicas of a coordinator, any of which does. Where there are several, one is asked whether it is there before it is called: a
/// replica that is frozen or cut off says nothing, and the next one is taken after a second.
/// </summary>
internal sealed class CoordinatorReplicas : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>The health check that every gRPC server has, whose content does not matter here.</summary>
    private static readonly Method<byte[], byte[]> Check = new(MethodType.Unary, "grpc.health.v1.Health", "Check", Bytes, Bytes);

    private readonly IReadOnlyList<Replica> _replicas;
    private int _current;

    /// <param name="addresses">Where they are, at least one.</param>
    /// <param name="tls">What is trusted and shown.</param>
    /// <param name="token">Shown with every call; null for none.</param>
    public CoordinatorReplicas(IReadOnlyList<string> addresses, SslClientAuthenticationOptions? tls, string? token)
    {
        _replicas = [.. addresses.Select(address => new Replica(CoordinatorChannel.Open(address, tls, carriesToken: token is not null, hasReplicas: addresses.Count > 1), token))];
        Description = string.Join(", ", addresses);
    }

    /// <summary>All addresses, for messages.</summary>
    public string Description { get; }

    private static Marshaller<byte[]> Bytes => Marshallers.Create<byte[]>(bytes => bytes, bytes => bytes);

    /// <summary>Whether a call failed because nobody answers there; a server that does not speak HTTP/2 is reported in either way, by chance.</summary>
    public static bool IsAway(RpcException failure) => failure.StatusCode == StatusCode.Unavailable || failure.Status.DebugException is HttpRequestException;

    /// <summary>Calls the first replica that answers, and another one where it goes away meanwhile: a call may be made twice.</summary>
    /// <exception cref="RpcException">None answers, or one refuses.</exception>
    public async Task<T> CallAsync<T>(Func<RunsClient, AsyncUnaryCall<T>> call)
    {
        for (int tries = 1; ; tries++)
        {
            var runs = await ConnectAsync();
            try
            {
                return await call(runs);
            }
            catch (RpcException e) when (IsAway(e) && tries < _replicas.Count)
            {
                _current++;
            }
        }
    }

    /// <summary>A replica that answers, the last one if it still does.</summary>
    /// <exception cref="RpcException">None answers.</exception>
    public async Task<RunsClient> ConnectAsync()
    {
        if (_replicas is [var only])
            return only.Client;
        RpcException? failure = null;
        for (int tries = 0; tries < _replicas.Count; tries++, _current++)
        {
            var replica = _replicas[_current % _replicas.Count];
            if (await FailureOfAsync(replica) is not { } found)
                return replica.Client;
            failure ??= found;
        }
        throw failure!;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var replica in _replicas)
            replica.Channel.Dispose();
    }

    /// <summary>Why a replica cannot be called; null where it answers, whatever it says.</summary>
    private static async Task<RpcException?> FailureOfAsync(Replica replica)
    {
        using var late = new CancellationTokenSource(Patience);
        try
        {
            await replica.Channel.CreateCallInvoker().AsyncUnaryCall(Check, null, new CallOptions(cancellationToken: late.Token), []);
            return null;
        }
        catch (RpcException e) when (late.IsCancellationRequested)
        {
            return new RpcException(new Status(StatusCode.Unavailable, $"no answer within {Patience.TotalSeconds:0} s", e));
        }
        catch (RpcException e)
        {
            return IsAway(e) || TlsFailure.Describe(e) is not null ? e : null;
        }
    }

    private sealed class Replica(GrpcChannel channel, string? token)
    {
        public GrpcChannel Channel { get; } = channel;

        public RunsClient Client { get; } = new(token is null ? channel.CreateCallInvoker() : channel.CreateCallInvoker().Intercept(metadata =>
        {
            metadata.Add("authorization", $"Bearer {token}");
            return metadata;
        }));
    }
}

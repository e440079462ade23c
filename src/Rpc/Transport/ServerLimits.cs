namespace Atelier.Rpc.Transport;

/// <summary>What a port bears with from a client that means ill, or is broken: each wait for it has a deadline.</summary>
public sealed record ServerLimits
{
    /// <summary>How long a TLS handshake may take.</summary>
    public TimeSpan Handshake { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a call's headers may take to come, once they began.</summary>
    public TimeSpan Headers { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a connection may be without a call, from its beginning on.</summary>
    public TimeSpan Idle { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long a request that is no stream may come too slowly: at fewer than <see cref="SlowestBytesPerSecond"/>.</summary>
    public TimeSpan SlowRequest { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a stream or a connection for segments may be open before its first message has come, which says who it is.</summary>
    public TimeSpan FirstMessage { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Connections at once; more are closed as soon as they come.</summary>
    public int Connections { get; init; } = 8192;

    /// <summary>Calls at once over one connection.</summary>
    public int CallsPerConnection { get; init; } = 100;

    /// <summary>The slowest pace at which a request that is no stream may come.</summary>
    internal const double SlowestBytesPerSecond = 240;
}

using System.Buffers;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Atelier.Rpc.Transport;

/// <summary>
/// Serves HTTP/2 and HTTP/1.1 on one port without TLS. gRPC's clients begin with HTTP/2's preface there, and browsers speak HTTP/1.1 only; with
/// TLS, ALPN would tell them apart, and Kestrel takes it from nowhere else. So the first bytes are looked at, and a connection that begins with the
/// preface is marked as one that has negotiated HTTP/2. Nothing else follows from the mark: neither side takes the connection for encrypted.
/// </summary>
internal static class PlainHttpVersions
{
    private static ReadOnlySpan<byte> PrefaceStart => "PRI"u8;

    /// <summary>Has an endpoint without TLS serve both.</summary>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="limits">How long the first bytes may take.</param>
    public static void Serve(ListenOptions endpoint, ServerLimits limits)
    {
        endpoint.Protocols = HttpProtocols.Http1AndHttp2;
        // Kestrel compares the scheme that a request names with that of the mark.
        endpoint.KestrelServerOptions.AllowAlternateSchemes = true;
        endpoint.Use(next => async connection =>
        {
            if (await IsHttp2Async(connection, limits) is not { } isHttp2) return;
            if (isHttp2)
            {
                connection.Features.Set<ITlsConnectionFeature>(Http2Mark.Instance);
                connection.Features.Set<ITlsApplicationProtocolFeature>(Http2Mark.Instance);
            }

            await next(connection);
        });
    }

    /// <summary>Whether a connection begins with HTTP/2's preface; null for one that said too little for too long.</summary>
    private static async Task<bool?> IsHttp2Async(ConnectionContext connection, ServerLimits limits)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(connection.ConnectionClosed);
        late.CancelAfter(limits.Idle);
        var input = connection.Transport.Input;
        var hasBegun = false;
        try
        {
            while (true)
            {
                var read = await input.ReadAsync(late.Token);
                if (read.Buffer.Length >= PrefaceStart.Length || read.IsCompleted)
                {
                    var isHttp2 = StartsWithPreface(read.Buffer);
                    input.AdvanceTo(read.Buffer.Start);
                    return isHttp2;
                }

                if (!hasBegun && read.Buffer.Length > 0) late.CancelAfter(limits.Headers);
                hasBegun |= read.Buffer.Length > 0;
                input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            }
        }
        catch (Exception error) when (error is OperationCanceledException or ConnectionResetException or ConnectionAbortedException)
        {
            return null;
        }
    }

    private static bool StartsWithPreface(ReadOnlySequence<byte> begin)
    {
        if (begin.Length < PrefaceStart.Length) return false;
        Span<byte> first = stackalloc byte[PrefaceStart.Length];
        begin.Slice(0, first.Length).CopyTo(first);
        return first.SequenceEqual(PrefaceStart);
    }

    private sealed class Http2Mark : ITlsConnectionFeature, ITlsApplicationProtocolFeature
    {
        public static Http2Mark Instance { get; } = new();

        public X509Certificate2? ClientCertificate
        {
            get => null;
            set => throw new NotSupportedException("There is no TLS here.");
        }

        public ReadOnlyMemory<byte> ApplicationProtocol { get; } = "h2"u8.ToArray();

        public Task<X509Certificate2?> GetClientCertificateAsync(CancellationToken cancellationToken) => Task.FromResult<X509Certificate2?>(null);
    }
}

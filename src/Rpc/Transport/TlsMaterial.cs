using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Atelier.Core;

namespace Atelier.Rpc.Transport;

/// <summary>
/// A process' certificate and the authorities that it trusts, as they are now: every handshake asks anew, so that certificates may be renewed
/// while it runs. Connections that are there keep the certificate that they began with. From any thread.
/// </summary>
public sealed class TlsMaterial
{
    /// <summary>So often files are looked at, at most.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly Func<TlsPair>? _load;
    private readonly IReadOnlyList<string> _files = [];
    private readonly Action<string> _say = _ => { };
    private readonly TimeProvider _time = TimeProvider.System;
    private TlsPair _pair;
    private byte[] _digest = [];
    private long _looked;

    /// <summary>One that stays as it is.</summary>
    /// <param name="certificate">The certificate with its private key; null for none.</param>
    /// <param name="authorities">The authorities; null for the system's, and to ask callers for no certificate.</param>
    public TlsMaterial(X509Certificate2? certificate, X509Certificate2Collection? authorities) => _pair = new(certificate, authorities);

    private TlsMaterial(TlsPair first, IReadOnlyList<string> files, Func<TlsPair> load, Action<string> say, TimeProvider time)
    {
        (_pair, _files, _load, _say, _time) = (first, files, load, say, time);
        (_digest, _looked) = (Digest(), time.GetTimestamp());
    }

    /// <summary>Neither.</summary>
    public static TlsMaterial None { get; } = new(null, null);

    /// <summary>The certificate; null for none.</summary>
    public X509Certificate2? Certificate => Current.Certificate;

    /// <summary>The authorities; null for none of one's own.</summary>
    public X509Certificate2Collection? Authorities => Current.Authorities;

    /// <summary>The certificate, prepared for servers.</summary>
    internal SslStreamCertificateContext? Context => Current.Context;

    private TlsPair Current
    {
        get
        {
            if (_load is null) return _pair;
            lock (_lock)
            {
                if (_time.GetElapsedTime(_looked) >= Interval) Look(_load);
                return _pair;
            }
        }
    }

    /// <summary>One that follows files.</summary>
    /// <param name="files">What it is read from; contents count, not times, as a mounted secret changes by a link.</param>
    /// <param name="load">Reads them.</param>
    /// <param name="say">Told when they were renewed, or cannot be used.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="UserErrorException">They cannot be used.</exception>
    public static TlsMaterial OfFiles(IReadOnlyList<string> files, Func<TlsPair> load, Action<string> say, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(load);
        ArgumentNullException.ThrowIfNull(time);
        return new(load(), files, load, say, time);
    }

    private void Look(Func<TlsPair> load)
    {
        _looked = _time.GetTimestamp();
        try
        {
            var digest = Digest();
            if (digest.AsSpan().SequenceEqual(_digest)) return;
            // A certificate whose key has not come yet is not taken: the next look has both.
            _pair = load();
            _digest = digest;
            _say($"{string.Join(", ", _files)}: reloaded; new connections use it");
        }
        catch (Exception error) when (error is UserErrorException or IOException or UnauthorizedAccessException)
        {
            _say($"{error.Message}; still using the previous one");
        }
    }

    private byte[] Digest() => SHA256.HashData([.. _files.SelectMany(file => SHA256.HashData(File.ReadAllBytes(file)))]);
}

/// <summary>What <see cref="TlsMaterial"/> is at one time.</summary>
/// <param name="Certificate">The certificate with its private key; null for none.</param>
/// <param name="Authorities">The authorities; null for none.</param>
public sealed record TlsPair(X509Certificate2? Certificate, X509Certificate2Collection? Authorities)
{
    /// <summary>The certificate as a server shows it: its chain is built once, and not for every handshake.</summary>
    internal SslStreamCertificateContext? Context { get; } = Certificate is null ? null : SslStreamCertificateContext.Create(Certificate, null, offline: true);
}

using System.Security.Cryptography;
using System.Text;

namespace Atelier.Core.Access;

/// <summary>A bearer token, kept as its SHA-256 alone, so that neither a log nor a dump of this object gives it away.</summary>
public sealed class AccessToken
{
    /// <summary>Fewest characters: 22 characters of base64 carry the 128 bits that cannot be guessed.</summary>
    public const int MinLength = 22;

    /// <summary>Most characters, to bound what a caller can make this process hash.</summary>
    public const int MaxLength = 1024;

    private readonly byte[] _sha256;

    /// <param name="source">Where it came from, for messages.</param>
    /// <exception cref="UserErrorException">It is too short or too long, or has characters that a header cannot carry. The message does not repeat it.</exception>
    public AccessToken(string text, string source)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length is < MinLength or > MaxLength || !text.All(c => char.IsBetween(c, '!', '~')))
            throw new UserErrorException(
                $"the token in {source} has {text.Length} characters; a token has {MinLength} to {MaxLength} visible ASCII characters and no spaces, such as the output of `openssl rand -hex 32`");
        _sha256 = Hash(text);
    }

    /// <summary>Whether a caller presented this token. Takes the same time whatever was presented, up to its length.</summary>
    public bool Matches(string? presented) =>
        presented is { Length: <= MaxLength } && CryptographicOperations.FixedTimeEquals(Hash(presented), _sha256);

    /// <summary>A code that only who knows the token can make for a text, such as a browser's session: every replica with the token can check it.</summary>
    /// <param name="text">What it is for, and how long.</param>
    public string Authenticate(string text) => Convert.ToHexStringLower(HMACSHA256.HashData(_sha256, Encoding.UTF8.GetBytes(text)));

    /// <summary>Never shows the token.</summary>
    public override string ToString() => "(a token)";

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}

/// <summary>Where tokens come from: a file that not every user can read, or an environment variable; never the command line, which every user can read.</summary>
public static class TokenSource
{
    /// <summary>Reads the token of a role.</summary>
    /// <param name="file">The file that the user named; null for none.</param>
    /// <param name="variable">The value of the role's environment variable; null for none.</param>
    /// <returns>The token; null if neither is there.</returns>
    /// <exception cref="UserErrorException">Both are given, the file cannot be read or is readable by all, or the token is not valid.</exception>
    public static AccessToken? Read(AccessRole role, string? file, string? variable) =>
        ReadText(role, file, variable) is { } text ? new(text, file ?? AccessOptions.TokenVariableOf(role)) : null;

    /// <summary>Reads the token of a role as text, to present it to another process.</summary>
    /// <param name="file">The file that the user named; null for none.</param>
    /// <param name="variable">The value of the role's environment variable; null for none.</param>
    /// <returns>The token; null if neither is there.</returns>
    /// <exception cref="UserErrorException">Both are given, the file cannot be read or is readable by all, or the token is not valid.</exception>
    public static string? ReadText(AccessRole role, string? file, string? variable)
    {
        var (option, name) = (AccessOptions.TokenFileOf(role), AccessOptions.TokenVariableOf(role));
        if (file is not null && !string.IsNullOrEmpty(variable))
            throw new UserErrorException($"{option} and {name} both give a token; leave one out");
        var text = file is not null ? SecretFile.Read(file, option) : variable?.Trim();
        if (file is null && string.IsNullOrEmpty(text)) return null;
        _ = new AccessToken(text!, file ?? name);
        return text;
    }
}

/// <summary>Files with one secret: not every user can read them.</summary>
public static class SecretFile
{
    /// <summary>More than any secret has: what is longer is something else, and is found out by what it looks like.</summary>
    private const int MostBytes = 4096;

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="option">The option that names it, for messages.</param>
    /// <returns>Its text, without spaces and line ends around it; no more than can be a secret.</returns>
    /// <exception cref="UserErrorException">It cannot be read, or is readable by all.</exception>
    public static string Read(string path, string option)
    {
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            // Of the open file, not of the path: links are followed, and nobody swaps the file in between.
            if (!OperatingSystem.IsWindows() && File.GetUnixFileMode(stream.SafeFileHandle).HasFlag(UnixFileMode.OtherRead))
                throw new UserErrorException(
                    $"{option} {path}: every user of this machine can read it; run `chmod 600 {path}` (in Kubernetes, set `defaultMode: 0400` on the secret's volume)");
            var bytes = new byte[MostBytes];
            return Encoding.UTF8.GetString(bytes, 0, stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)).Trim();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"{option} {path} cannot be read: {(File.Exists(path) ? error.Message : "file not found")}", error);
        }
    }
}

using System.Security.Cryptography;
using System.Text;

namespace Atelier.Core.Access;

/// <summary>A bearer token, kept as its SHA-256 alone, so that neither a log nor a dump of this object gives it away.</summary>
public sealed class AccessToken
{
    /// <summary>Fewest characters: 22 of base64 have the 128 bits that nobody guesses.</summary>
    public const int MinLength = 22;

    /// <summary>Most characters, to bound what a caller makes us hash.</summary>
    public const int MaxLength = 1024;

    private readonly byte[] _sha256;

    /// <summary>Takes a token.</summary>
    /// <param name="text">The token.</param>
    /// <param name="source">Where it came from, for messages.</param>
    /// <exception cref="UserErrorException">It is too short or too long, or no header could carry it. The message does not repeat it.</exception>
    public AccessToken(string text, string source)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length is < MinLength or > MaxLength || !text.All(c => char.IsBetween(c, '!', '~')))
            throw new UserErrorException(
                $"the token in {source} has {text.Length} characters; it takes {MinLength} to {MaxLength} visible ASCII characters without spaces, as `openssl rand -hex 32` prints");
        _sha256 = Hash(text);
    }

    /// <summary>Whether a caller presented this token. Takes the same time whatever was presented, up to its length.</summary>
    /// <param name="presented">What was presented; null for nothing.</param>
    public bool Matches(string? presented) =>
        presented is { Length: <= MaxLength } && CryptographicOperations.FixedTimeEquals(Hash(presented), _sha256);

    /// <summary>Says nothing about the token.</summary>
    public override string ToString() => "(a token)";

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}

using System.Text;

namespace Atelier.Core.Access;

/// <summary>Where tokens come from: a file that not everybody can read, or an environment variable; never the command line, which everybody can.</summary>
public static class TokenSource
{
    /// <summary>Reads the token of a role.</summary>
    /// <param name="role">The role.</param>
    /// <param name="file">The file that the user named; null for none.</param>
    /// <param name="variable">The value of the role's environment variable; null for none.</param>
    /// <returns>The token; null if neither is there.</returns>
    /// <exception cref="UserErrorException">Both are there, or the file cannot be read or may be read by all, or the token is no good.</exception>
    public static AccessToken? Read(AccessRole role, string? file, string? variable) =>
        ReadText(role, file, variable) is { } text ? new(text, file ?? AccessOptions.TokenVariableOf(role)) : null;

    /// <summary>Reads the token of a role as text, to present it to somebody else.</summary>
    /// <param name="role">The role.</param>
    /// <param name="file">The file that the user named; null for none.</param>
    /// <param name="variable">The value of the role's environment variable; null for none.</param>
    /// <returns>The token; null if neither is there.</returns>
    /// <exception cref="UserErrorException">Both are there, or the file cannot be read or may be read by all, or the token is no good.</exception>
    public static string? ReadText(AccessRole role, string? file, string? variable)
    {
        var (option, name) = (AccessOptions.TokenFileOf(role), AccessOptions.TokenVariableOf(role));
        if (file is not null && !string.IsNullOrEmpty(variable))
            throw new UserErrorException($"{option} and {name} both give a token; take one away");
        var text = file is not null ? ReadFile(file, option) : variable?.Trim();
        if (file is null && string.IsNullOrEmpty(text)) return null;
        _ = new AccessToken(text!, file ?? name);
        return text;
    }

    private static string ReadFile(string path, string option)
    {
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            // Of the open file, not of the path: links are followed, and nobody swaps the file in between.
            if (!OperatingSystem.IsWindows() && File.GetUnixFileMode(stream.SafeFileHandle).HasFlag(UnixFileMode.OtherRead))
                throw new UserErrorException(
                    $"{option} {path}: every user of this machine can read it; `chmod 600 {path}` keeps it secret (in Kubernetes, `defaultMode: 0400` on the secret's volume)");
            // A little over the longest token shows that a file is something else.
            var bytes = new byte[AccessToken.MaxLength + 3];
            return Encoding.UTF8.GetString(bytes, 0, stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)).Trim();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"{option} {path} cannot be read: {(File.Exists(path) ? error.Message : "there is no such file")}", error);
        }
    }
}

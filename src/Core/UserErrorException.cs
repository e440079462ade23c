namespace Atelier.Core;

/// <summary>
/// A user's mistake: a bad argument, file or setting. The message says what is wrong and what to change; it is shown
/// as it stands, without a stack trace.
/// </summary>
public class UserErrorException : Exception
{
    /// <summary>A mistake without a description; prefer the constructors with a message.</summary>
    public UserErrorException()
    {
    }

    public UserErrorException(string message) : base(message)
    {
    }

    public UserErrorException(string message, Exception innerException) : base(message, innerException)
    {
    }
}

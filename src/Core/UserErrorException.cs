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

    /// <summary>A mistake, described for the person who made it.</summary>
    /// <param name="message">What is wrong and what to change.</param>
    public UserErrorException(string message) : base(message)
    {
    }

    /// <summary>A mistake that surfaced as another exception.</summary>
    /// <param name="message">What is wrong and what to change.</param>
    /// <param name="innerException">The exception in which it surfaced.</param>
    public UserErrorException(string message, Exception innerException) : base(message, innerException)
    {
    }
}

using Atelier.Core;

namespace Atelier.Training.Imaging;

/// <summary>An image that cannot be read (or drawn): the message is the one-line reason, without the image's name.</summary>
public sealed class ImageFormatException : UserErrorException
{
    /// <summary>Creates an error without a reason.</summary>
    public ImageFormatException()
    {
    }

    /// <summary>Creates an error with its reason.</summary>
    public ImageFormatException(string message)
        : base(message)
    {
    }

    /// <summary>Creates an error with its reason and cause.</summary>
    public ImageFormatException(string message, Exception inner)
        : base(message, inner)
    {
    }
}

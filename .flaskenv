FLASK_APP=lms:create_app('cli')
